//! `docs/api.md` has the table of operations that the server has, `docs/openapi.json` the document that it answers.

use crate::server::Server;
use expect_test::expect_file;

const BEGIN: &str = "<!-- The table of operations in the code; written by its test: UPDATE_EXPECT=1 make test -->\n\n";
const END: &str = "<!-- End of the table -->";

#[test]
fn the_manual_has_the_table_of_operations() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md");
    let manual = std::fs::read_to_string(path).unwrap();
    let (before, rest) = manual.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let expected = format!("{before}{BEGIN}{}{END}{after}", varberg_server::operations_manual());
    expect_file![path].assert_eq(&expected);
}

#[tokio::test]
async fn the_openapi_document_is_served() {
    let document = varberg_server::openapi_document();
    let text = format!("{document:#}\n");
    expect_file![concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json")].assert_eq(&text);
    assert_eq!(Server::start().await.get("/openapi.json").await.ok(), document);
}
