//! "Did you mean": the known name nearest to an unknown one.

/// Finds the candidate nearest to `name`, if one is near enough to be a likely slip of the hand. Ties go to the
/// first candidate.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let distance = strsim::osa_distance(&wanted, &candidate.to_lowercase());
        if best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    let length = name.chars().count();
    // One letter is never a slip for another: nothing of the word would be left.
    let limit = (length / 3).max(1).min(length.saturating_sub(1));
    best.filter(|(distance, _)| *distance <= limit)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn a_slip_of_the_hand_is_recognised_and_a_stranger_is_not() {
        let filters = ["slugify", "upper", "lower", "first"];
        assert_eq!(closest("slugfy", filters), Some("slugify"));
        assert_eq!(closest("Frist", filters), Some("first"));
        assert_eq!(closest("uper", filters), Some("upper"));
        assert_eq!(closest("kubernetes", filters), None);
        assert_eq!(closest("x", []), None);
        assert_eq!(closest("c", ["a", "b"]), None);
        assert_eq!(closest("C", ["a", "c"]), Some("c"));
    }
}
