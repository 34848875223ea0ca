//! What a page is shown on.

use serde_json::{Value, json};

/// A size of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    Desktop,
    Phone,
}

/// What the user prefers: `prefers-color-scheme`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

impl Screen {
    /// The arguments of `Emulation.setDeviceMetricsOverride`, in CSS pixels.
    pub(crate) fn metrics(self) -> Value {
        let (width, height, mobile) = match self {
            Screen::Desktop => (1280, 900, false),
            Screen::Phone => (390, 844, true),
        };
        json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile })
    }
}

impl Scheme {
    /// The arguments of `Emulation.setEmulatedMedia`.
    pub(crate) fn media(self) -> Value {
        let value = match self {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] })
    }
}
