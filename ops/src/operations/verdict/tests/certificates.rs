//! Certificates that end.

use super::*;

#[test]
fn certificates() {
    let days = |from: i64, until: i64| {
        found(|it| {
            it.certificates = vec![CertificateSpan {
                whose: "app certificate of merchant shop".into(),
                from: now() + TimeDelta::days(from),
                until: now() + TimeDelta::days(until),
            }];
        })
    };
    assert_eq!(days(-9, 31), [""; 0]);
    assert_eq!(days(-9, 29), ["soon certificate_ends_soon"]);
    assert_eq!(days(-9, -1), ["NOW certificate_ended"]);
    assert_eq!(days(1, 400), ["NOW certificate_not_begun"]);
    // The next one is there.
    let two = |whose: [&str; 2], until: [i64; 2]| {
        found(|it| {
            it.certificates = std::iter::zip(whose, until)
                .map(|(whose, until)| CertificateSpan {
                    whose: format!("{whose} certificate of merchant shop"),
                    from: now() - TimeDelta::days(9),
                    until: now() + TimeDelta::days(until),
                })
                .collect();
        })
    };
    assert_eq!(two(["alipay", "alipay"], [9, 400]), [""; 0]);
    assert_eq!(two(["alipay", "alipay"], [-9, 400]), [""; 0]);
    assert_eq!(two(["alipay", "root"], [9, 400]), ["soon certificate_ends_soon"]);
    let ends = |whose: &str| {
        let verdict = judged(|it| {
            it.certificates = vec![CertificateSpan {
                whose: format!("{whose} certificate of merchant shop"),
                from: now() - TimeDelta::days(9),
                until: now() + TimeDelta::days(9),
            }];
        });
        verdict.findings[0].describe().to_do
    };
    assert!(ends("app").contains("private_key_file together"));
    assert!(ends("alipay").contains("beside the old one"));
}
