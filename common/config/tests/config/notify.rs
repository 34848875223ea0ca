//! `[notify]`: channels, urgencies and quiet hours.

use std::time::Duration;

use chrono::{DateTime, Utc};
use config::{ChannelKind, Config, Urgency};
use service::language::Language;

use crate::support::{File, MAPI, load, refused};

fn channel(keys: &str) -> String {
    format!("{MAPI}[notify.channels.team]\n{keys}\n")
}

#[test]
fn a_channel_is_read_with_its_defaults() {
    let config = load(&channel(
        "kind = \"dingtalk\"\nurl = \"https://oapi.dingtalk.com/robot/send?access_token=x\"",
    ))
    .unwrap();
    assert_eq!(config.notify.every, Duration::from_secs(60));
    let team = &config.notify.channels["team"];
    assert_eq!((team.kind, team.language), (ChannelKind::Dingtalk, Language::Chinese));
    assert_eq!((team.urgency, team.secret.is_none()), (Urgency::Soon, true));
}

#[test]
fn secrets_can_be_in_files_and_are_never_shown() {
    let keys = "kind = \"feishu\"\nurl_file = \"hook\"\nsecret_file = \"secret\"\nlanguage = \"en\"\nurgency = \"later\"";
    let file = File::new(&channel(keys))
        .with("hook", "https://open.feishu.cn/hook/hunter2\n")
        .with("secret", "s3cret\n");
    let config = file.load(&[]).unwrap();
    let team = &config.notify.channels["team"];
    assert_eq!(team.url.expose_secret(), "https://open.feishu.cn/hook/hunter2");
    assert_eq!((team.language, team.urgency), (Language::English, Urgency::Later));
    let file = File::new(&channel(
        "kind = \"webhook\"\nurl = \"https://a.example/hunter2\"\nsecret = \"whsec_hunter2\"",
    ));
    let shown =
        format!("{:?}", Config::shown_from(Some(&file.path()), std::iter::empty()).unwrap());
    assert!(!shown.contains("hunter2") && shown.contains("fingerprint"), "{shown}");
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn mail_has_addresses_and_nothing_else_has() {
    let mail = "kind = \"mail\"\nurl = \"smtps://a%40b.example:pw@smtp.b.example\"\n";
    let config =
        load(&channel(&format!("{mail}from = \"a@b.example\"\nto = [\"c@b.example\"]"))).unwrap();
    assert_eq!(config.notify.channels["team"].mail.as_ref().unwrap().to, ["c@b.example"]);
    refused(load(&channel(mail)), "notify.channels.team.from", "required for mail");
    refused(
        load(&channel(&format!("{mail}from = \"a@b.example\""))),
        "notify.channels.team.to",
        "required",
    );
}

#[test]
fn what_does_not_fit_is_named() {
    let robot =
        "kind = \"wecom\"\nurl = \"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x\"\n";
    for (keys, key, says) in [
        ("kind = \"wecom\"".to_owned(), "notify.channels.team.url", "required"),
        (format!("{robot}url_file = \"x\""), "notify.channels.team.url", "keep one of them"),
        (format!("{robot}secret = \"x\""), "notify.channels.team.secret", "kind wecom has none"),
        (format!("{robot}to = [\"a@b\"]"), "notify.channels.team.to", "kind wecom has none"),
        (format!("{robot}language = \"fr\""), "notify.channels.team.language", "is not \"zh-CN\""),
        (format!("{robot}urgency = \"high\""), "notify.channels.team.urgency", "is not \"now\""),
        (
            robot.replace("https", "http"),
            "notify.channels.team.url",
            "does not begin with https://",
        ),
        (
            "kind = \"webhook\"\nurl = \"http://a.example\"\nsecret = \"x\"".to_owned(),
            "notify.channels.team.secret",
            "does not begin with whsec_",
        ),
    ] {
        let text = refused(load(&channel(&keys)), key, says);
        assert!(!text.contains("key=x"), "{text}");
    }
    refused(
        load(&format!("{MAPI}[notify.channels.\"a b\"]\n{robot}")),
        "notify.channels",
        "a name holds",
    );
    refused(
        load(&channel("kind = \"icq\"\nurl = \"https://x\"")),
        "notify.channels.team.kind",
        "icq",
    );
    for (keys, key) in [
        ("every = \"1s\"", "notify.every"),
        ("quiet = \"22-8\"", "notify.quiet"),
        ("quiet_urgency = \"x\"", "notify.quiet_urgency"),
        ("utc_offset = \"Beijing\"", "notify.utc_offset"),
        ("language = \"x\"", "notify.language"),
    ] {
        let text = format!("{MAPI}[notify]\n{keys}\n[notify.channels.team]\n{robot}");
        refused(load(&text), key, "");
    }
}

#[test]
fn a_variable_holds_all_channels() {
    let variable = "{ team = { kind = \"webhook\", url = \"http://127.0.0.1:1/x\" } }";
    let config = File::new(MAPI).load(&[("ALIPAY__NOTIFY__CHANNELS", variable)]).unwrap();
    assert_eq!(config.notify.channels["team"].kind, ChannelKind::Webhook);
    let quiet = [("ALIPAY__NOTIFY__QUIET", "22:00-08:00")];
    let config = File::new(MAPI).load(&quiet).unwrap();
    let at: DateTime<Utc> = "2026-11-30T15:00:00Z".parse().unwrap();
    let end = config.notify.quiet.unwrap().end(at).unwrap();
    assert_eq!(end.to_rfc3339(), "2026-12-01T00:00:00+00:00");
}

#[test]
fn links_begin_with_the_public_address() {
    let public = |url: &str| load(&format!("{MAPI}[console]\npublic_url = \"{url}\"\n"));
    let config = public("https://intern.example/alipay/").unwrap();
    assert_eq!(config.console.public_url.as_deref(), Some("https://intern.example/alipay"));
    for url in ["intern.example", "https://a.example/?b", "https://a example"] {
        refused(public(url), "console.public_url", "is not the address");
    }
}
