//! The exact test of Hardy-Weinberg equilibrium. In: counts of genotypes. Out: a p-value. Source: Wigginton, Cutler and
//! Abecasis 2005, doi:10.1086/429864.

/// Computed probabilities that differ by less are those of equally probable genotype counts.
const TIE: f64 = 1e-9;
/// A term that is this small beside the sum before it does not change it.
const NEGLIGIBLE: f64 = 1e-20;

/// The probability, given the counts of both alleles, of a number of heterozygotes that is no more probable than that
/// seen: from 0 (excluded) to 1, not a mid-p-value.
///
/// - Counts are of diploid individuals; which homozygotes are which does not matter.
/// - Where an allele does not occur the only possible number is 0, and the answer 1.
/// - Exact to about ten digits for 100,000 individuals and more; what is below 1e-300 may come out as 0.
/// - The work is in proportion to the distance from the expected number of heterozygotes.
pub fn hardy_weinberg(heterozygotes: u64, homozygotes: u64, other_homozygotes: u64) -> f64 {
    let rare = 2 * homozygotes.min(other_homozygotes) + heterozygotes;
    let individuals = heterozygotes + homozygotes + other_homozygotes;
    if rare == 0 {
        return 1.0;
    }
    let middle = Genotypes::expected(rare, individuals);
    // Relative to the probability of the middle, which is close to the greatest one.
    let observed = if heterozygotes <= middle.heterozygotes {
        middle.fewer().find(|(count, _)| *count <= heterozygotes)
    } else {
        middle.more().find(|(count, _)| *count >= heterozygotes)
    };
    let observed = observed.map_or(0.0, |(_, probability)| probability);
    let limit = observed * (1.0 + TIE);
    let own = if 1.0 <= limit { 1.0 } else { 0.0 };
    let (less, less_extreme) = sums(middle.fewer().skip(1), limit);
    let (more, more_extreme) = sums(middle.more().skip(1), limit);
    ((own + less_extreme + more_extreme) / (1.0 + less + more)).min(1.0)
}

/// Genotype counts that are possible with given allele counts, and their probability relative to those in the middle.
#[derive(Debug, Clone, Copy)]
struct Genotypes {
    heterozygotes: u64,
    /// Homozygotes of the rarer allele.
    rare: u64,
    common: u64,
    probability: f64,
}

impl Genotypes {
    /// Those with about as many heterozygotes as expected; `rare`: how often the rarer allele occurs.
    fn expected(rare: u64, individuals: u64) -> Self {
        let alleles = 2.0 * individuals as f64;
        let expected = (rare as f64 * (alleles - rare as f64) / alleles) as u64;
        // As odd or even as the number of rarer alleles, and no greater.
        let heterozygotes = (expected + (expected ^ rare) % 2).min(rare);
        let homozygotes = (rare - heterozygotes) / 2;
        Self { heterozygotes, rare: homozygotes, common: individuals - heterozygotes - homozygotes, probability: 1.0 }
    }

    /// These, and those with fewer and fewer heterozygotes.
    fn fewer(self) -> impl Iterator<Item = (u64, f64)> {
        let next = |own: &Self| {
            let heterozygotes = own.heterozygotes.checked_sub(2)?;
            let (rare, common) = (own.rare + 1, own.common + 1);
            let ways = own.heterozygotes as f64 * (own.heterozygotes - 1) as f64 / (4.0 * rare as f64 * common as f64);
            Some(Self { heterozygotes, rare, common, probability: own.probability * ways })
        };
        std::iter::successors(Some(self), next).map(|g| (g.heterozygotes, g.probability))
    }

    /// These, and those with more and more heterozygotes.
    fn more(self) -> impl Iterator<Item = (u64, f64)> {
        let next = |own: &Self| {
            let (rare, common) = (own.rare.checked_sub(1)?, own.common.checked_sub(1)?);
            let heterozygotes = own.heterozygotes + 2;
            let ways = 4.0 * own.rare as f64 * own.common as f64 / (heterozygotes as f64 * (heterozygotes - 1) as f64);
            Some(Self { heterozygotes, rare, common, probability: own.probability * ways })
        };
        std::iter::successors(Some(self), next).map(|g| (g.heterozygotes, g.probability))
    }
}

/// The sum of all probabilities, and of those up to `limit`; they fall, all but perhaps the first.
fn sums(probabilities: impl Iterator<Item = (u64, f64)>, limit: f64) -> (f64, f64) {
    let (mut all, mut extreme) = (0.0, 0.0);
    for (_, probability) in probabilities {
        all += probability;
        if probability <= limit {
            extreme += probability;
            if probability <= extreme * NEGLIGIBLE {
                break;
            }
        }
    }
    (all, extreme)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(counts: [u64; 3], expected: f64) {
        let [het, hom, other] = counts;
        for p in [hardy_weinberg(het, hom, other), hardy_weinberg(het, other, hom)] {
            assert!((p - expected).abs() <= 1e-8 * expected, "{counts:?}: {p}, not {expected}");
        }
    }

    /// ln n! for n = 0, 1, and so on.
    fn log_factorials(n: u64) -> Vec<f64> {
        let sum = |sum: &mut f64, n: u64| {
            *sum += (n.max(1) as f64).ln();
            Some(*sum)
        };
        (0..=n).scan(0.0, sum).collect()
    }

    /// Equation 1 of the paper, term by term.
    fn by_definition(het: u64, hom: u64, other: u64) -> f64 {
        let n = het + hom + other;
        let rare = 2 * hom.min(other) + het;
        let logs = log_factorials(2 * n);
        let log = |n: u64| logs[n as usize];
        let probability = |h: u64| {
            let (r, c) = ((rare - h) / 2, n - h - (rare - h) / 2);
            let ways = log(n) - log(r) - log(h) - log(c) + h as f64 * 2_f64.ln();
            (ways + log(rare) + log(2 * n - rare) - log(2 * n)).exp()
        };
        let observed = probability(het);
        let all = (rare % 2..=rare).step_by(2).map(probability);
        all.filter(|p| *p <= observed * (1.0 + 1e-9)).sum::<f64>().min(1.0)
    }

    #[test]
    fn the_table_of_the_paper_comes_out() {
        // Wigginton et al. 2005, table 1: 100 individuals, 21 copies of the rarer allele; digits from exact fractions.
        for (het, expected) in [
            (1, 2.252_846_119_039_887e-13),
            (3, 1.338_941_543_416_039e-10),
            (5, 2.130_704_311_952_607e-8),
            (7, 1.424_784_345_954_611e-6),
            (9, 4.836_330_302_966_134e-5),
            (11, 9.188_594_677_093_134e-4),
            (13, 0.010_293_433_548_874_8),
            (15, 0.069_576_454_405_007),
            (17, 0.284_041_500_443_367_6),
            (19, 1.0),
            (21, 0.593_645_175_927_316_7),
        ] {
            let rare = (21 - het) / 2;
            check([het, rare, 100 - het - rare], expected);
        }
    }

    #[test]
    fn small_samples_follow_by_hand() {
        check([0, 0, 0], 1.0);
        check([0, 0, 9], 1.0);
        check([1, 0, 9], 1.0);
        check([2, 0, 0], 1.0);
        // Two rare alleles in two individuals: 0 heterozygotes in 2 of 6 ways, 2 in 4 of 6.
        check([0, 1, 1], 1.0 / 3.0);
        // Three rare alleles in five individuals: 1 heterozygote in 40 of 120 ways, 3 in 80.
        check([1, 1, 3], 1.0 / 3.0);
    }

    #[test]
    fn a_hundred_thousand_samples_give_numbers() {
        check([50_000, 25_000, 25_000], 1.0);
        check([49_500, 25_250, 25_250], by_definition(49_500, 25_250, 25_250));
        check([48_000, 26_000, 26_000], by_definition(48_000, 26_000, 26_000));
        check([200, 0, 99_800], 1.0);
        check([190, 5, 99_805], by_definition(190, 5, 99_805));
        for counts in [[100_000, 0, 0], [0, 50_000, 50_000]] {
            let [het, hom, other] = counts;
            assert_eq!(hardy_weinberg(het, hom, other), 0.0);
        }
    }

    proptest! {
        #[test]
        fn the_sum_is_that_of_the_definition(het in 0..200_u64, hom in 0..100_u64, other in 0..500_u64) {
            let (own, expected) = (hardy_weinberg(het, hom, other), by_definition(het, hom, other));
            prop_assert!((own - expected).abs() <= 1e-8 * expected, "{own}, not {expected}");
        }
    }
}
