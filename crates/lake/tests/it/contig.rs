//! `contig(name)`: what it makes of names.

use crate::world::{Row, TABLE, World, batch, row};
use futures::TryStreamExt;

#[tokio::test(flavor = "multi_thread")]
async fn names_of_a_contig_become_one() {
    let world = World::new().await;
    for (canonical, names) in [
        (
            "chr1",
            "1 chr1 Chr1 CHR1 NC_000001.9 NC_000001.10 NC_000001.11 NC_000001 CM000663.1 CM000663.2 NC_060925.1 CP068277.2",
        ),
        (
            "chr2",
            "NC_000002.12 CM000664.2 NC_060926.1 CP068276.2 NC_000068.8 CM000995.3 NC_051337.1 NC_007113.7 NC_006089.5",
        ),
        ("chr19", "19 NC_000085.7 NC_000019.10 CM001012.3 NC_051354.1 CM026992.1 NC_005118.4 NC_086037.1"),
        ("chr22", "22 NC_000022.11 NC_000022.10 CM000684.2 NC_060946.1 CP068256.2"),
        ("chr25", "25 NC_007136.7 CM002909.2"),
        ("chr38", "38 NC_006620.3 NC_052569.1"),
        (
            "chrX",
            "X chrX NC_000023.11 CM000685.2 NC_060947.1 CP068255.2 NC_000086.8 CM001013.3 NC_051356.1 CM026994.1 \
                  NC_005120.4 NC_086039.1 NC_004354.4 AE014298.5 NC_003284.9 BX284606.5 NC_001142.9 BK006943.2 NC_006621.3 \
                  NC_037357.1 NC_010461.5",
        ),
        (
            "chrY",
            "Y chrY NC_000024.10 CM000686.2 NC_060948.1 CP086569.2 NC_000087.8 CM001014.3 NC_024475.1 NC_051357.1 \
                  CM026995.1 NC_086040.1 NC_024512.1 CP007106.1 NC_082638.1 NC_010462.3",
        ),
        (
            "chrM",
            "M MT chrM chrMT chrmt MtDNA Mito mitochondrion_genome NC_012920.1 J01415.2 NC_001807.4 CP068254.1 \
                  NC_005089.1 AY172335.1 NC_001665.2 AY172581.1 NC_002333.2 NC_024511.2 KJ947872.2 NC_001328.1 X54252.1 \
                  NC_001224.1 AJ011856.1 NC_002008.4 NC_006853.1 NC_000845.1 NC_053523.1",
        ),
        ("chrW", "W chrW NC_006126.5 NC_052571.1"),
        ("chrZ", "Z chrZ NC_006127.5 NC_052572.1"),
        ("chrI", "I chrI NC_003279.8 BX284601.5 NC_001133.9 BK006935.2"),
        ("chrVIII", "VIII chrVIII NC_001140.6 BK006934.2"),
        ("chrXVI", "XVI NC_001148.4 BK006949.2"),
        ("chr2L", "2L chr2L NT_033779.5 AE014134.6"),
        ("chr2R", "2R NT_033778.4 AE013599.5"),
        ("chr3L", "3L NT_037436.4 AE014296.5"),
        ("chr3R", "3R NT_033777.3 AE014297.3"),
        ("chr4", "4 NC_004353.4 AE014135.4 NC_000004.12"),
        ("KI270706.1", "chr1_KI270706v1_random KI270706.1"),
        ("KI270302.1", "chrUn_KI270302v1"),
        ("KI270762.1", "chr1_KI270762v1_alt"),
        ("KN196472.1", "chr1_KN196472v1_fix"),
        ("GL000191.1", "chr1_gl000191_random GL000191.1"),
        ("GL000220.1", "chrUn_gl000220 chrUn_GL000220v1"),
        ("NW_020189912.1", "chrUn_NW_020189912v1"),
    ] {
        let names: Vec<String> = names.split_whitespace().map(|name| format!("('{name}')")).collect();
        let sql = format!("SELECT name, contig(name) FROM (VALUES {}) AS t(name)", names.join(", "));
        for line in world.rows(&sql).await {
            assert!(line.ends_with(&format!(" {canonical}")), "{line}, not {canonical}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_names_and_nulls_pass_unchanged() {
    let world = World::new().await;
    for name in [
        "",
        "chr",
        "0",
        "01",
        "100",
        "+1",
        "chrUn",
        "scaffold_12",
        "HLA-A*01:01:01:01",
        "chr6_apd_hap1",
        "chrEBV",
        "NC_000025.1",
        "NC_0000011.1",
        "NC_000001.x",
        "NC_000001.",
        "NC_060949.1",
        "NC_007137.1",
        "NT_187361.1",
        "CM000663.2x",
        "chr1_v1",
        "chr1_A1v1",
        "chr1_random",
        "é",
        "chr1 ",
        "_1",
        "chr_gl00019_random",
    ] {
        let sql = format!("SELECT contig('{name}') = '{name}', contig(x) = x FROM (VALUES ('{name}')) AS t(x)");
        assert_eq!(world.rows(&sql).await, ["true true"], "{name}");
    }
    assert_eq!(world.rows("SELECT contig(NULL) IS NULL, contig(NULLIF('a', 'a')) IS NULL").await, ["true true"]);
    let error = world.try_query("SELECT contig(5, 6)").await.unwrap_err();
    assert!(matches!(error, varberg_lake::QueryError::Invalid(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_with_other_names_join() {
    let world = World::new().await;
    let mut rows = Vec::new();
    for at in 0..9_000 {
        rows.push(row(["chr1", "NC_000002.12", "MT"][usize::try_from(at % 3).unwrap()], at, "a"));
    }
    for (contig, start, end) in [("1", 0, 10), ("2", 8_990, 9_100), ("chrM", 5, 6), ("odd", 0, 9_000)] {
        rows.push(Row { end, ..row(contig, start, "b") });
    }
    world.add(TABLE, "job", vec![batch(&rows)]).await;
    let sql = "SELECT b.contigname, contig(v.contigname), count(*) FROM cohort v JOIN cohort b \
               ON contig(v.contigname) = contig(b.contigname) AND v.start < b.\"end\" AND b.start < v.\"end\" \
               WHERE v.sampleid = 'a' AND b.sampleid = 'b' GROUP BY 1, 2 ORDER BY 1";
    assert!(world.query(&format!("EXPLAIN {sql}")).await.contains("IntervalJoinExec"));
    assert_eq!(world.rows(sql).await, ["1 chr1 4", "2 chr2 3", "chrM chrM 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_references_bring_become_one_with_those_that_are_known() {
    let world = World::new().await;
    let reference = |pairs: &[(&str, &str)]| -> std::collections::BTreeMap<String, String> {
        pairs.iter().map(|(other, contig)| ((*other).to_owned(), (*contig).to_owned())).collect()
    };
    let species = reference(&[("3", "OX1.1"), ("LG4", "OX2.1"), ("C7", "chr7"), ("9", "chr7"), ("both", "OX2.1")]);
    let other = reference(&[("3", "NC_000003.12"), ("OX2.1", "LG4"), ("both", "elsewhere")]);
    for (name, canonical) in [
        // A name that is known speaks for the whole group, the contig's own name first.
        ("OX1.1", "chr3"),
        ("3", "chr3"),
        ("NC_000003.12", "chr3"),
        ("C7", "chr7"),
        ("9", "chr7"),
        // References that disagree are not heard.
        ("LG4", "LG4"),
        ("OX2.1", "OX2.1"),
        ("both", "both"),
        ("elsewhere", "elsewhere"),
    ] {
        let mut request = world.request(&format!("SELECT contig('{name}')"), &[TABLE]).await;
        request.contig_aliases = vec![species.clone(), other.clone(), species.clone()];
        let batches: Vec<_> = varberg_lake::query::run(request).await.unwrap().try_collect().await.unwrap();
        let text = datafusion::arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string();
        assert!(text.contains(&format!("| {canonical} ")), "{name}: {text}");
    }
}
