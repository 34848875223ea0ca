#![allow(clippy::unwrap_used, reason = "a failed test panics")]

use config::Urgency;
use config::{MailAddresses, Secret};
use order::AlarmMessageKind;
use service::language::Language;
use sha2::{Digest as _, Sha256};

use super::super::cause::Words;
use super::super::notice::Told;
use super::*;

/// HMAC as RFC 2104 writes it, by another library than the one that signs.
fn hmac_sha256(key: &[u8], text: &[u8]) -> String {
    let mut block = [0; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::digest([&block.map(|byte| byte ^ 0x36), text].concat());
    STANDARD.encode(Sha256::digest([&block.map(|byte| byte ^ 0x5c), &inner[..]].concat()))
}

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_614_265_330, 0).unwrap()
}

fn channel(kind: ChannelKind, secret: Option<&str>) -> Channel {
    Channel {
        kind,
        url: Secret::new("https://robot.example/send?access_token=0123456789abcdef"),
        secret: secret.map(Secret::new),
        language: Language::Chinese,
        urgency: Urgency::Soon,
        mention: Vec::new(),
        mail: None::<MailAddresses>,
    }
}

fn notice(seen: &str) -> Notice {
    let words = Words {
        title: "有死信".to_owned(),
        seen: seen.to_owned(),
        to_do: "ops dlq list --group".to_owned(),
    };
    let told = Told {
        cause: "dead_letters/total_mismatch".to_owned(),
        words,
        link: Some("https://console.example/dead-letters?reason=total%5Fmismatch".to_owned()),
        since: at() - chrono::TimeDelta::minutes(5),
        at: at(),
    };
    Notice { kind: AlarmMessageKind::Opened, urgency: Urgency::Soon, told }
}

fn bulletin(notices: &[Notice]) -> Bulletin<'_> {
    Bulletin { notices, language: Language::Chinese }
}

#[test]
fn dingtalk_signs_time_and_secret() {
    let mut channel = channel(ChannelKind::Dingtalk, Some("SECthis is secret"));
    channel.mention = vec!["13800000000".to_owned()];
    let notices = [notice("3 条死信")];
    let post = dingtalk::post(&channel, &bulletin(&notices), at());
    let sign = hmac_sha256(b"SECthis is secret", b"1614265330000\nSECthis is secret");
    let url = url::Url::parse(&post.url).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let expected = [
        ("access_token", "0123456789abcdef"),
        ("timestamp", "1614265330000"),
        ("sign", sign.as_str()),
    ];
    assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(post.body["msgtype"], "markdown");
    assert_eq!(
        post.body["at"],
        serde_json::json!({ "atMobiles": ["13800000000"], "isAtAll": false })
    );
    let text = post.body["markdown"]["text"].as_str().unwrap();
    assert!(text.contains("**【尽快】有死信**") && text.ends_with("@13800000000"), "{text}");
    assert!(text.contains("[打开控制台](https://console.example/dead-letters?reason="), "{text}");
}

#[test]
fn feishu_signs_nothing_with_time_and_secret() {
    let mut channel = channel(ChannelKind::Feishu, Some("secret"));
    channel.mention = vec!["ou_18eac8".to_owned()];
    let notices = [notice("3 条死信")];
    let post = feishu::post(&channel, &bulletin(&notices), at());
    assert_eq!(post.body["timestamp"], "1614265330");
    assert_eq!(post.body["sign"], hmac_sha256(b"1614265330\nsecret", b"").as_str());
    assert_eq!(post.body["msg_type"], "post");
    let content = &post.body["content"]["post"]["zh_cn"]["content"];
    assert_eq!(content[0][0], serde_json::json!({ "tag": "text", "text": "【尽快】有死信" }));
    let last = content.as_array().unwrap().last().unwrap();
    assert_eq!(last, &serde_json::json!([{ "tag": "at", "user_id": "ou_18eac8" }]));
}

/// The example that the libraries of Standard Webhooks are tested with.
#[test]
fn the_signature_of_a_webhook_is_that_of_the_standard() {
    let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signed = br#"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}"#;
    assert_eq!(signature(&key, signed), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    let channel = channel(ChannelKind::Webhook, Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    let notices = [notice("3 条死信"), notice("4 条死信")];
    let post = webhook::post(&channel, &bulletin(&notices), at()).unwrap();
    let header = |name: &str| &post.headers.iter().find(|(it, _)| *it == name).unwrap().1;
    let signed = format!("{}.1614265330.{}", header("webhook-id"), post.body);
    let expected = format!("v1,{}", hmac_sha256(&key, signed.as_bytes()));
    assert_eq!(*header("webhook-signature"), expected);
    let alarm = &post.body["data"]["alarms"][1];
    assert_eq!((&alarm["kind"], &alarm["seen"]), (&"opened".into(), &"4 条死信".into()));
    // A repeat of the same alarms has the same id.
    let again = webhook::post(&channel, &bulletin(&notices), at() + chrono::TimeDelta::hours(1));
    assert_eq!(again.unwrap().headers[0], post.headers[0]);
    // Another one of the alarms makes another message.
    let mut other = notices.clone();
    other[1].told.cause = "backlog".to_owned();
    let other = webhook::post(&channel, &bulletin(&other), at()).unwrap();
    assert_ne!(other.headers[0], post.headers[0]);
}

#[test]
fn wecom_and_serverchan_get_markdown() {
    let mut channel = channel(ChannelKind::Wecom, None);
    channel.mention = vec!["zhang".to_owned()];
    let notices = [notice("3 条死信")];
    let post = wecom::post(&channel, &bulletin(&notices));
    let content = post.body["markdown"]["content"].as_str().unwrap();
    assert!(content.ends_with("<@zhang>") && content.starts_with("支付宝通知系统"), "{content}");
    channel.kind = ChannelKind::Serverchan;
    let post = serverchan::post(&channel, &bulletin(&notices));
    assert!(post.body["title"].as_str().unwrap().chars().count() <= 32);
    assert!(post.body["desp"].as_str().unwrap().contains("3 条死信"));
}

#[test]
fn what_came_from_outside_names_nobody_and_breaks_nothing() {
    let hostile = "<@all> @all @13800000000 <at id=all></at> \"}\n\u{202e}[x](http://evil.example)";
    let notices = [notice(hostile)];
    let every = [
        dingtalk::post(&channel(ChannelKind::Dingtalk, None), &bulletin(&notices), at()),
        wecom::post(&channel(ChannelKind::Wecom, None), &bulletin(&notices)),
        serverchan::post(&channel(ChannelKind::Serverchan, None), &bulletin(&notices)),
    ];
    for post in every {
        let text = post.body.to_string();
        assert!(!text.contains('<') && !text.contains('@'), "{text}");
        assert!(!text.contains("](http://evil"), "{text}");
        assert!(!text.contains('\u{202e}'), "{text}");
    }
    let post = feishu::post(&channel(ChannelKind::Feishu, None), &bulletin(&notices), at());
    let parts = post.body["content"]["post"]["zh_cn"]["content"].as_array().unwrap();
    assert!(parts.iter().all(|part| part[0]["tag"] != "at"), "{parts:?}");
}

#[test]
fn many_alarms_are_cut_into_messages_that_fit() {
    let many: Vec<Notice> = (0..60).map(|_| notice(&"积".repeat(400))).collect();
    for kind in [ChannelKind::Wecom, ChannelKind::Dingtalk, ChannelKind::Feishu] {
        let channel = channel(kind, None);
        let count = fitting(&channel, &many);
        assert!((1..60).contains(&count), "{kind}: {count}");
    }
    let wecom = channel(ChannelKind::Wecom, None);
    let count = fitting(&wecom, &many);
    let post = wecom::post(&wecom, &bulletin(&many[..count]));
    assert!(post.body["markdown"]["content"].as_str().unwrap().len() <= 4096);
    assert_eq!(fitting(&channel(ChannelKind::Webhook, None), &many), 60);
}

#[test]
fn a_refusal_in_the_body_is_a_refusal() {
    let ok = StatusCode::OK;
    for (kind, body) in [
        (ChannelKind::Dingtalk, r#"{"errcode":0,"errmsg":"ok"}"#),
        (ChannelKind::Wecom, r#"{"errcode":0,"errmsg":"ok"}"#),
        (ChannelKind::Feishu, r#"{"code":0,"msg":"success","data":{}}"#),
        (ChannelKind::Serverchan, r#"{"code":0,"message":"","data":{"pushid":"1"}}"#),
        (ChannelKind::Webhook, ""),
    ] {
        assert_eq!(accepted(kind, ok, body.as_bytes()), Ok(()), "{kind}");
    }
    let refused =
        accepted(ChannelKind::Dingtalk, ok, br#"{"errcode":310000,"errmsg":"sign not match"}"#);
    assert_eq!(refused.unwrap_err(), "errcode 310000: sign not match");
    let refused = accepted(ChannelKind::Feishu, ok, br#"{"code":19021,"msg":"sign match fail"}"#);
    assert_eq!(refused.unwrap_err(), "code 19021: sign match fail");
    for body in ["", "<html>", "{}", "[]", "{\"errcode\":\"0\"}"] {
        assert!(accepted(ChannelKind::Wecom, ok, body.as_bytes()).is_err(), "{body}");
    }
    let status = StatusCode::SERVICE_UNAVAILABLE;
    assert_eq!(accepted(ChannelKind::Webhook, status, b"").unwrap_err(), "status 503");
}

#[test]
fn an_error_shows_no_token() {
    let channel = channel(ChannelKind::Dingtalk, Some("SECthis-is-secret"));
    let shown =
        without_secrets(&channel, "no token 0123456789abcdef, SECthis-is-secret\nat robot.example");
    assert_eq!(shown, "no token [secret], [secret]\\nat robot.example");
    let with = |kind, url: &str, secret| Channel {
        url: Secret::new(url),
        ..super::tests::channel(kind, secret)
    };
    let channel = with(ChannelKind::Serverchan, "https://sctapi.ftqq.com/SCT123456.send", None);
    assert_eq!(
        without_secrets(&channel, "SCT123456 at sctapi.ftqq.com"),
        "[secret] at sctapi.ftqq.com"
    );
    let channel = with(ChannelKind::Mail, "smtp://user:p%40ss@smtp.example", None);
    assert_eq!(
        without_secrets(&channel, "535 user p@ss at smtp.example"),
        "535 user [secret] at smtp.example"
    );
    let channel = with(ChannelKind::Feishu, "https://robot.example/hook", Some("abc"));
    assert_eq!(without_secrets(&channel, "abc"), "[secret]");
    assert!(without_secrets(&channel, &"x".repeat(10_000)).len() <= 200);
}
