//! `/products/ID/import`: codes are pasted, tried, and then imported.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use order::OperatorAction;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::json;
use service::language::{Language, say};
use service::page::{Column, fact, hidden};
use store::MysqlConnection;
use strum::VariantArray as _;

use super::address::{address, link};
use super::page::{Menu, Page, table, usage};
use super::request::{Fields, PostedForm};
use super::{Console, Shared, person};
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor, Change};
use crate::operations::stock::code_file::CodeFile;
use crate::operations::stock::code_text::Invisible;
use crate::operations::stock::import::{StockImport, StockImported};

/// The longest text that is pasted, in bytes; a longer file is imported by `ops stock import`.
const LONGEST: usize = 512 * 1024;

/// The longest form: each byte of a code is sent as five at most.
pub(super) const LONGEST_FORM: usize = 4 * 1024 * 1024;

/// What becomes of a text of codes.
#[derive(Debug, Clone)]
struct Wanted {
    product: String,
    codes: String,
    invisible: Invisible,
    /// Lines that look like no code are imported, too.
    odd: bool,
    /// Codes that another product has are imported, too.
    also_in_others: bool,
}

/// The form that codes are pasted into.
pub(super) fn form(console: &Console, product: &str) -> Markup {
    let (codes, hint) =
        (say("卡密，每行一个", "Codes, one a line"), say("不可见字符", "Invisible characters"));
    html! {
        h2 { (say("导入卡密", "Import codes")) }
        form.import #import-codes method="post" action=(path(product)) {
            (console.guard.field())
            textarea name="codes" required rows="6" autocomplete="off" spellcheck="false" aria-label=(codes)
                placeholder=(codes) {}
            div.acts {
                label {
                    (hint) " "
                    select name="invisible" {
                        @for &invisible in Invisible::VARIANTS {
                            option value=(invisible.as_str()) { (invisible_words(invisible)) }
                        }
                    }
                }
                button.main name="act" value="dry_run" { (say("试导入", "Try it first")) }
            }
        }
    }
}

fn invisible_words(invisible: Invisible) -> &'static str {
    match invisible {
        Invisible::Refuse => say("拒绝", "refuse"),
        Invisible::Remove => say("删除", "remove"),
        Invisible::Keep => say("保留", "keep"),
    }
}

fn path(product: &str) -> String {
    format!("{}/import", address("/products/", product))
}

/// Tries the codes, or imports them.
pub(super) async fn import(
    State(console): Shared,
    Path(product): Path<String>,
    PostedForm(form): PostedForm,
) -> Result<Response, Failure> {
    let wanted = Wanted::read(product, &form)?;
    match form.get("act") {
        "dry_run" => {
            let language = Language::here();
            let try_it = move |connection: &mut store::Connection| {
                language
                    .within(|| wanted.run(connection, |import, _| Ok(import.preview(true))))
                    .map(|result| (wanted, result))
            };
            let (wanted, result) = console.database(try_it).await?;
            Ok(tried(&console, &wanted, &result).into_response())
        }
        "import" => Ok(imported(console, wanted, person::name(&form)?).await?.into_response()),
        _ => Err(usage("没有这个操作", "no such button")),
    }
}

/// Imports them and records who did it; leads to a page that says how many.
async fn imported(console: Arc<Console>, wanted: Wanted, by: String) -> Result<Redirect, Failure> {
    Console::to_its_end(async move {
        let actor = Actor::of_console(by);
        let act = Act::new(actor, OperatorAction::ImportCodes, &wanted.product);
        let record = console.begin(act).await?;
        let language = Language::here();
        let run = move |connection: &mut MysqlConnection| {
            let run = |import: StockImport<'_>, connection: &mut MysqlConnection| {
                import.check(|_| wanted.odd)?;
                import.run(connection)
            };
            language.within(|| wanted.run(connection, run)).map(|result| (wanted, result))
        };
        let done = console.on_own_connection(run).await;
        let mut change = Change::default();
        let count = done.as_ref().map_or(0, |(_, result)| result.imported);
        change.to(json!({ "imported": count }));
        console.end(record, change, &done).await;
        let (wanted, result) = done?;
        Ok(console.results.keep(Menu::Products, done_page(&wanted, &result)))
    })
    .await
}

impl Wanted {
    fn read(product: String, form: &Fields) -> Result<Wanted, Failure> {
        let pasted = form.untrimmed("codes");
        let codes = match form.some("encoded") {
            // What was tried: see `tried`.
            Some(encoded) => percent_decode_str(encoded)
                .decode_utf8()
                .map_err(|_| usage("卡密不是 UTF-8", "the codes are not UTF-8"))?
                .into_owned(),
            None => pasted.to_owned(),
        };
        if codes.trim().is_empty() {
            return Err(usage("请粘贴卡密", "paste the codes first"));
        }
        if codes.len() > LONGEST {
            return Err(usage(
                "太长，最多 512 KiB；更大的文件用 ops stock import",
                "too long, at most 512 KiB; use ops stock import for a larger file",
            ));
        }
        let invisible = form.some("invisible").map(str::parse).transpose();
        let invisible = invisible.map_err(|_| usage("没有这个选项", "no such option"))?;
        let (odd, also_in_others) = (form.some("odd").is_some(), form.some("also").is_some());
        Ok(Wanted { product, codes, invisible: invisible.unwrap_or_default(), odd, also_in_others })
    }

    /// Compares the text with the stock, and does this with it.
    fn run<T>(
        &self,
        connection: &mut MysqlConnection,
        act: impl FnOnce(StockImport<'_>, &mut MysqlConnection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let file = CodeFile::read(self.codes.as_bytes(), self.invisible).map_err(|problems| {
            let nothing = say("没有导入任何卡密", "nothing was imported");
            Failure::Usage(format!("{nothing}\n{problems}"))
        })?;
        let import = StockImport::compare(connection, &self.product, &file, self.also_in_others)?;
        act(import, connection)
    }
}

/// What an import would do, with the form that does it.
fn tried(console: &Console, wanted: &Wanted, result: &StockImported) -> Page {
    // As it was sent: a page shows invisible characters as escapes, which would be another code.
    let encoded = utf8_percent_encode(&wanted.codes, NON_ALPHANUMERIC).to_string();
    let act = format!("{} {}", say("导入新卡密", "Import new codes:"), result.new_codes);
    let body = html! {
        div.box { b { (say("试导入：尚未写入任何内容", "Tried: nothing has been written")) } }
        (counts(result))
        (lines(result))
        @if result.new_codes > 0 {
            form.import #confirm-import method="post" action=(path(&wanted.product)) {
                (console.guard.field())
                (hidden("encoded", &encoded))
                (hidden("invisible", wanted.invisible.as_str()))
                @if result.odd_lines > 0 {
                    label.choice {
                        input type="checkbox" name="odd" value="yes" required;
                        (say("也导入看起来不像卡密的行", "Also import the lines that look like no code"))
                    }
                }
                @if result.in_other_products > 0 {
                    label.choice {
                        input type="checkbox" name="also" value="yes" required;
                        (say(
                            "也导入其他商品已有的卡密：会被卖两次",
                            "Also import codes that another product has: they can be sold twice",
                        ))
                    }
                }
                div.acts {
                    (person::by_field(true))
                    button.main name="act" value="import" { (act) }
                }
            }
        }
        p.pages { (back(&wanted.product)) }
    };
    titled(&wanted.product, body)
}

fn done_page(wanted: &Wanted, result: &StockImported) -> Page {
    let body = html! {
        div.box.good { b { (result.imported) } " " (say("个卡密已导入，并已记录。", "codes were imported, and that is on record.")) }
        (counts(result))
        p.pages { (back(&wanted.product)) }
    };
    titled(&wanted.product, body)
}

fn titled(product: &str, body: Markup) -> Page {
    let page = Page::new(format!("{} {product}", say("导入卡密", "Import codes:")), body);
    Page { menu: Some(Menu::Products), ..page }
}

fn back(product: &str) -> Markup {
    link(&address("/products/", product), say("« 返回商品", "Back to the product"))
}

fn counts(result: &StockImported) -> Markup {
    html! {
        div.card { table.facts {
            (fact(say("新卡密", "New"), result.new_codes.to_string()))
            (fact(say("已在库中", "Already there"), result.already_there.to_string()))
            (fact(say("重复行", "Repeated lines"), result.repeated_lines.to_string()))
            (fact(say("其他商品已有", "In other products"), result.in_other_products.to_string()))
            (fact(say("可疑行", "Lines that look like no code"), result.odd_lines.to_string()))
            (fact(say("已删除不可见字符的行", "Cleaned lines"), result.cleaned_lines.to_string()))
        } }
    }
}

/// The first lines that a person should look at.
fn lines(result: &StockImported) -> Markup {
    let columns =
        [Column::text("行", "Line"), Column::text("内容", "Text"), Column::text("为什么", "Why")];
    let other = say("商品已有：", "this product has it, too: ");
    let odd = result.odd.iter().map(|odd| (odd.line, odd.text.clone(), odd.why.clone()));
    let elsewhere = result.in_other_products_codes.iter();
    let elsewhere =
        elsewhere.map(|it| (it.line, it.code.clone(), format!("{other}{}", it.product_id)));
    let rows: Vec<Markup> = odd
        .chain(elsewhere)
        .map(|(line, text, why)| html! { tr { td { (line) } td.mono { (text) } td { (why) } } })
        .collect();
    html! { @if !rows.is_empty() { (table(columns, rows)) } }
}
