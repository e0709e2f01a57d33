//! The rate controller asked directly: what a request may do in moments that no run of the matrix comes to.

use std::time::Duration;

use crate::rate_matrix::matrix::rate_controller::{Permit, RateController, Reason, Urgency, Wait};

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn controller() -> RateController {
    RateController::new(Duration::from_mins(10))
}

/// Lets one request leave at once.
fn leaves(controller: &mut RateController, now: f64, urgency: Urgency) -> Permit {
    controller
        .admit(at(now), urgency)
        .unwrap_or_else(|wait| panic!("at {now} s it has to wait: {wait:?}"))
}

/// What a request has to wait for.
fn waits(controller: &mut RateController, now: f64, urgency: Urgency) -> Wait {
    controller.admit(at(now), urgency).map_or_else(
        |wait| wait,
        |permit| panic!("at {now} s it leaves: {permit:?}"),
    )
}

fn is_pause(wait: Wait) -> bool {
    matches!(wait, Wait::For(_, Reason::Pause))
}

#[test]
fn a_pause_that_was_cut_short_ends_in_one_probe_and_another_in_full_speed() {
    for (asked, is_cut) in [(599.0, false), (600.0, false), (601.0, true)] {
        let mut controller = controller();
        let (passes, refused) = (
            leaves(&mut controller, 100.0, Urgency::Ordinary),
            leaves(&mut controller, 100.0, Urgency::Ordinary),
        );
        controller.accepted(passes, at(100.1));
        controller.refused(refused, at(100.2), Some(at(asked)));
        assert!(is_pause(waits(&mut controller, 699.0, Urgency::Ordinary)));
        let probe = leaves(&mut controller, 701.0, Urgency::Ordinary);
        if is_cut {
            assert!(controller.snapshot(at(701.0)).is_probing);
            let wait = waits(&mut controller, 701.0, Urgency::Ordinary);
            assert_eq!(wait, Wait::ForAnswer, "the service wanted {asked} s");
        } else {
            assert!(!controller.snapshot(at(701.0)).is_probing);
            let next = controller.admit(at(701.0), Urgency::Ordinary);
            assert_ne!(next.err(), Some(Wait::ForAnswer), "it is under no doubt");
        }
        controller.accepted(probe, at(701.1));
        let _ = leaves(&mut controller, 720.0, Urgency::Ordinary);
    }
}

#[test]
fn a_probe_that_was_lost_is_waited_for_half_a_minute() {
    let mut controller = controller();
    let refused = leaves(&mut controller, 100.0, Urgency::Ordinary);
    controller.refused(refused, at(100.1), Some(at(1.0)));
    let _lost = leaves(&mut controller, 102.0, Urgency::Ordinary);
    for now in [102.0, 117.0, 131.9] {
        let wait = waits(&mut controller, now, Urgency::Ordinary);
        assert_eq!(wait, Wait::ForAnswer, "at {now} s");
    }
    let next = leaves(&mut controller, 132.1, Urgency::Ordinary);
    controller.accepted(next, at(132.2));
    assert!(!controller.snapshot(at(132.2)).is_probing);
}

#[test]
fn an_urgent_request_probes_within_a_pause_one_at_a_time_and_no_more_once_it_was_refused() {
    let mut controller = controller();
    let refused = leaves(&mut controller, 100.0, Urgency::Ordinary);
    controller.refused(refused, at(100.1), Some(at(300.0)));
    let _lost = leaves(&mut controller, 101.0, Urgency::Urgent);
    for now in [101.0, 130.9] {
        let wait = waits(&mut controller, now, Urgency::Urgent);
        assert_eq!(wait, Wait::ForAnswer, "at {now} s");
        assert!(is_pause(waits(&mut controller, now, Urgency::Ordinary)));
    }
    // Nobody answers for the first one any more.
    let passes = leaves(&mut controller, 131.1, Urgency::Urgent);
    controller.accepted(passes, at(131.2));
    assert!(is_pause(waits(&mut controller, 131.3, Urgency::Ordinary)));
    let refused = leaves(&mut controller, 131.3, Urgency::Urgent);
    controller.refused(refused, at(131.4), Some(at(500.0)));
    assert!(is_pause(waits(&mut controller, 131.5, Urgency::Urgent)));
    // The pause is longer by now, as the service asked.
    assert!(is_pause(waits(&mut controller, 401.0, Urgency::Ordinary)));
    let _ = leaves(&mut controller, 631.5, Urgency::Ordinary);
}

#[test]
fn an_urgent_request_waits_too_while_the_rate_and_not_the_service_asks_for_the_pause() {
    let mut controller = controller();
    let under_way: Vec<_> = (0..12)
        .map(|_| leaves(&mut controller, 100.0, Urgency::Ordinary))
        .collect();
    for (index, permit) in under_way.into_iter().enumerate() {
        if index < 3 {
            controller.accepted(permit, at(100.01));
        } else {
            controller.refused(permit, at(100.02), Some(at(0.1)));
        }
    }
    // The service wants to be left alone until 100.12; most were refused, so that a limit is used up.
    assert!(is_pause(waits(&mut controller, 100.2, Urgency::Ordinary)));
    assert!(is_pause(waits(&mut controller, 100.2, Urgency::Urgent)));
    let _ = leaves(&mut controller, 101.1, Urgency::Urgent);
}

#[test]
fn what_is_under_way_is_counted_and_forgotten_when_nothing_was_heard_for_half_a_minute() {
    let mut controller = controller();
    let first = leaves(&mut controller, 100.0, Urgency::Ordinary);
    let second = leaves(&mut controller, 120.0, Urgency::Ordinary);
    assert!(format!("{first:?}").contains("under_way: 1"), "{first:?}");
    assert!(format!("{second:?}").contains("under_way: 2"), "{second:?}");
    let third = leaves(&mut controller, 130.0, Urgency::Ordinary);
    assert!(format!("{third:?}").contains("under_way: 3"), "{third:?}");
    let alone = leaves(&mut controller, 130.1, Urgency::Ordinary);
    assert!(format!("{alone:?}").contains("under_way: 1"), "{alone:?}");
    controller.abandoned(alone, at(131.0));
    let next = leaves(&mut controller, 131.0, Urgency::Ordinary);
    assert!(format!("{next:?}").contains("under_way: 1"), "{next:?}");
}

#[test]
fn a_rate_that_was_begun_with_is_not_given_up_for_one_refusal() {
    let mut controller = controller().starting_at(100.0, at(100.0));
    let passes = leaves(&mut controller, 100.0, Urgency::Ordinary);
    controller.accepted(passes, at(100.02));
    let refused = leaves(&mut controller, 100.02, Urgency::Ordinary);
    controller.refused(refused, at(100.04), Some(at(1.0)));
    let next = leaves(&mut controller, 102.0, Urgency::Ordinary);
    controller.abandoned(next, at(102.0));
    let rate = controller.snapshot(at(102.0)).rate.expect("a rate");
    assert!((85.0..=95.0).contains(&rate), "{rate} requests per second");
}

/// Some leave together, two of them are refused late, after so many others had passed; later a rate comes to as many
/// at once again, and one is refused.
fn after_a_first_flight(count: usize, others: usize) -> (RateController, f64) {
    let mut controller = controller();
    let mut first: Vec<_> = (0..count)
        .map(|_| leaves(&mut controller, 100.0, Urgency::Ordinary))
        .collect();
    let refused = first.split_off(count - 2);
    for permit in first {
        controller.accepted(permit, at(100.02));
    }
    for _ in 0..others {
        let permit = leaves(&mut controller, 100.02, Urgency::Ordinary);
        controller.accepted(permit, at(100.04));
    }
    for permit in refused {
        controller.refused(permit, at(100.05), Some(at(1.0)));
    }

    // From here on each answer takes a second.
    let mut under_way = std::collections::VecDeque::new();
    let mut now = 102.0;
    while under_way.len() < count {
        while under_way.front().is_some_and(|(left, _)| left + 1.0 <= now) {
            let (_, permit) = under_way.pop_front().expect("there is one");
            controller.accepted(permit, at(now));
        }
        if let Ok(permit) = controller.admit(at(now), Urgency::Ordinary) {
            under_way.push_back((now, permit));
        }
        now += 0.005;
    }
    assert!(controller.snapshot(at(now)).rate.is_some());
    assert_eq!(controller.snapshot(at(now)).at_once, None);
    let (_, last) = under_way.pop_back().expect("some are under way");
    controller.refused(last, at(now), Some(at(2.0)));
    for (left, permit) in under_way {
        controller.accepted(permit, at(left + 1.0));
    }
    let next = leaves(&mut controller, now + 3.0, Urgency::Ordinary);
    controller.abandoned(next, at(now + 3.0));
    (controller, now + 3.0)
}

/// No more than ten may be under way, as is understood once as many were refused again; unless so many others passed
/// that the first ten say nothing.
#[test]
fn how_many_passed_of_the_first_that_left_together_is_remembered() {
    for (others, expected) in [(15, Some(10)), (20, None)] {
        let (mut controller, now) = after_a_first_flight(12, others);
        let known = controller.snapshot(at(now));
        assert_eq!(known.at_once, expected, "{others} others");
        assert_eq!(known.rate.is_none(), expected.is_some(), "{others} others");
    }
}

/// As many as were proven are refused as well by now: one less is tried, and one in sixteen less where they are more.
/// When there was room, their number has nothing to do with it.
#[test]
fn fewer_at_once_are_tried_when_the_proven_number_is_refused() {
    for (first, at_once, expected) in [
        (12, 10, Some(9)),
        (12, 9, Some(9)),
        (12, 8, None),
        (20, 18, Some(16)),
    ] {
        let (mut controller, mut now) = after_a_first_flight(first, 15);
        assert_eq!(controller.snapshot(at(now)).at_once, Some(first - 2));
        now += 0.1;
        passes_until_a_refusal(&mut controller, &mut now, at_once, 4 * first);
        let known = controller.snapshot(at(now)).at_once;
        assert_eq!(known, expected, "{at_once} of {first}");
    }
}

/// Of those under way when the first is refused, a limit lets pass what it refills meanwhile. Where there are many, that
/// says how fast it refills; where there are few, it says nothing.
#[test]
fn what_a_limit_refills_in_a_round_trip_is_learned_from_more_than_eight_under_way() {
    let rate_after = |under_way: usize| {
        let mut controller = controller();
        let mut flight: Vec<_> = (0..10 + under_way)
            .map(|_| leaves(&mut controller, 100.0, Urgency::Ordinary))
            .collect();
        let late = flight.split_off(10);
        for permit in flight {
            controller.accepted(permit, at(100.02));
        }
        for _ in 0..15 {
            let permit = leaves(&mut controller, 100.02, Urgency::Ordinary);
            controller.accepted(permit, at(100.04));
        }
        for (index, permit) in late.into_iter().enumerate() {
            if index < 3 {
                controller.refused(permit, at(100.05), Some(at(1.0)));
            } else {
                controller.accepted(permit, at(100.06));
            }
        }
        let next = leaves(&mut controller, 102.0, Urgency::Ordinary);
        controller.abandoned(next, at(102.0));
        controller.snapshot(at(102.0)).rate
    };
    assert!(rate_after(8).is_some_and(|rate| rate < 1.0));
    assert!(rate_after(9).is_some_and(|rate| rate > 20.0));
}

#[test]
fn a_refusal_is_no_probe_and_a_probe_that_is_refused_is_over() {
    let mut controller = controller();
    let refused = leaves(&mut controller, 100.0, Urgency::Ordinary);
    controller.refused(refused, at(100.1), Some(at(1.0)));
    let known = controller.snapshot(at(100.5));
    assert_eq!((known.at_once, known.is_probing), (None, false));
    let probe = leaves(&mut controller, 102.0, Urgency::Ordinary);
    let known = controller.snapshot(at(102.0));
    assert_eq!((known.at_once, known.is_probing), (Some(1), true));
    controller.refused(probe, at(102.1), Some(at(1.0)));
    assert!(!controller.snapshot(at(102.5)).is_probing);
}

#[test]
fn an_answer_from_before_the_pause_is_none_to_the_probe_after_it() {
    let mut controller = controller();
    let (refused, late) = (
        leaves(&mut controller, 100.0, Urgency::Ordinary),
        leaves(&mut controller, 100.0, Urgency::Ordinary),
    );
    controller.refused(refused, at(100.1), Some(at(1.0)));
    let probe = leaves(&mut controller, 102.0, Urgency::Ordinary);
    controller.accepted(late, at(102.1));
    let wait = waits(&mut controller, 102.2, Urgency::Ordinary);
    assert_eq!(wait, Wait::ForAnswer);
    controller.accepted(probe, at(102.3));
    let _ = leaves(&mut controller, 102.4, Urgency::Ordinary);
}

/// As long as nothing passes between them.
#[test]
fn pauses_that_no_service_asked_for_double() {
    let mut controller = controller();
    let passes = leaves(&mut controller, 100.0, Urgency::Ordinary);
    controller.accepted(passes, at(100.0));
    let mut now = 100.0;
    for expected in [1.0, 1.0, 2.0, 4.0] {
        let refused = leaves(&mut controller, now, Urgency::Ordinary);
        controller.refused(refused, at(now), None);
        let (_, end) = controller.snapshot(at(now)).pause.expect("a pause");
        assert_eq!(end, at(now + expected));
        now += expected + 1.0;
    }
}

/// Nothing is known of full speed then, with which it could be compared.
#[test]
fn a_rate_that_was_begun_with_is_kept_while_it_accounts_for_the_refusals() {
    let mut controller = controller().starting_at(100.0, at(100.0));
    let mut now = 100.0;
    let mut next = |controller: &mut RateController| {
        loop {
            now += 0.01;
            if let Ok(permit) = controller.admit(at(now), Urgency::Ordinary) {
                return (permit, at(now));
            }
        }
    };
    for refusal in 0..5 {
        for _ in 0..200 {
            let (passes, now) = next(&mut controller);
            controller.accepted(passes, now);
        }
        let (refused, now) = next(&mut controller);
        controller.refused(refused, now, Some(at(1.0)));
        let (passes, now) = next(&mut controller);
        controller.accepted(passes, now);
        let known = controller.snapshot(now);
        assert!(known.rate.is_some(), "after {refusal}: {known:?}");
    }
}

#[test]
fn a_pause_is_over_at_its_end() {
    let mut controller = controller();
    let refused = leaves(&mut controller, 100.0, Urgency::Ordinary);
    controller.refused(refused, at(100.0), Some(at(1.0)));
    let (_, end) = controller.snapshot(at(100.5)).pause.expect("a pause");
    let before = end.saturating_sub(Duration::from_micros(1));
    assert!(controller.snapshot(before).pause.is_some());
    assert_eq!(controller.snapshot(end).pause, None);
}

/// So many pass with so many under way; then one is refused, and the others that are under way pass.
fn passes_until_a_refusal(
    controller: &mut RateController,
    now: &mut f64,
    at_once: usize,
    passes: usize,
) {
    let mut under_way: std::collections::VecDeque<_> = (0..at_once)
        .map(|_| leaves(controller, *now, Urgency::Ordinary))
        .collect();
    for _ in at_once..passes {
        *now += 0.01;
        let permit = under_way.pop_front().expect("some are under way");
        controller.accepted(permit, at(*now));
        under_way.push_back(leaves(controller, *now, Urgency::Ordinary));
    }
    *now += 0.01;
    let refused = under_way.pop_front().expect("some are under way");
    controller.refused(refused, at(*now), Some(at(1.0)));
    for permit in under_way {
        controller.accepted(permit, at(*now));
    }
    *now += 2.0;
    let next = leaves(controller, *now, Urgency::Ordinary);
    controller.abandoned(next, at(*now));
}

/// Where no limit is believed in, which would be a reason of its own.
#[test]
fn a_pause_lasts_longer_than_asked_when_more_than_half_of_those_under_way_were_refused() {
    for (more_refused, is_longer) in [(1, false), (2, false), (3, true), (4, true)] {
        let mut controller = controller();
        let mut now = 100.0;
        for _ in 0..3 {
            passes_until_a_refusal(&mut controller, &mut now, 6, 15);
        }
        let mut under_way: Vec<_> = (0..5)
            .map(|_| leaves(&mut controller, now, Urgency::Ordinary))
            .collect();
        for refused in under_way.split_off(4 - more_refused) {
            controller.refused(refused, at(now + 0.02), Some(at(0.1)));
        }
        for passed in under_way {
            controller.accepted(passed, at(now + 0.02));
        }
        let wait = controller.admit(at(now + 0.5), Urgency::Ordinary).err();
        let known = controller.snapshot(at(now + 0.5));
        assert_eq!(
            wait.is_some_and(is_pause),
            is_longer,
            "{more_refused}: {known:?}"
        );
    }
}

/// Refusals that have nothing to do with how much is sent may still come from too many at once. Half of them are tried
/// after the fourth, and stay if four times as much passes as it did on average.
#[test]
fn half_the_requests_at_once_are_kept_if_four_times_as_much_passes() {
    for (passes, kept) in [(40, None), (56, None), (57, Some(3)), (80, Some(3))] {
        let mut controller = controller();
        let mut now = 100.0;
        for refusal in 1..=4 {
            assert_eq!(
                controller.snapshot(at(now)).at_once,
                None,
                "after {refusal}"
            );
            passes_until_a_refusal(&mut controller, &mut now, 6, 15);
        }
        assert_eq!(controller.snapshot(at(now)).at_once, Some(3));
        passes_until_a_refusal(&mut controller, &mut now, 3, passes);
        assert_eq!(
            controller.snapshot(at(now)).at_once,
            kept,
            "{passes} passed"
        );
    }
}

#[test]
fn a_refusal_of_what_left_before_a_pause_begins_no_other_one() {
    let mut controller = controller();
    let passes = leaves(&mut controller, 100.0, Urgency::Ordinary);
    let refused = leaves(&mut controller, 100.0, Urgency::Ordinary);
    let late = leaves(&mut controller, 100.0, Urgency::Ordinary);
    controller.accepted(passes, at(100.1));
    controller.refused(refused, at(100.1), Some(at(1.0)));
    let next = leaves(&mut controller, 110.0, Urgency::Ordinary);
    controller.accepted(next, at(110.1));
    controller.refused(late, at(110.2), None);
    assert_eq!(controller.snapshot(at(110.2)).pause, None);
}

/// Half of one is none, and more than twenty times as many as are under way do not come from too many at once.
#[test]
fn half_the_requests_at_once_are_tried_when_there_are_two_and_few_flights_pass() {
    for (usual, last, expected) in [
        ((6, 15), (1, 15), None),
        ((6, 15), (2, 15), Some(1)),
        ((2, 41), (2, 41), Some(1)),
        ((2, 43), (2, 43), None),
    ] {
        let mut controller = controller();
        let mut now = 100.0;
        for _ in 0..3 {
            passes_until_a_refusal(&mut controller, &mut now, usual.0, usual.1);
        }
        passes_until_a_refusal(&mut controller, &mut now, last.0, last.1);
        let known = controller.snapshot(at(now));
        assert_eq!(known.at_once, expected, "{usual:?}, {last:?}: {known:?}");
    }
}

#[test]
fn one_more_than_half_is_tried_after_eight_seconds() {
    let mut controller = controller();
    let mut now = 100.0;
    for _ in 0..4 {
        passes_until_a_refusal(&mut controller, &mut now, 6, 15);
    }
    for _ in 0..3 {
        let _under_way = leaves(&mut controller, now, Urgency::Ordinary);
    }
    for later in [0.0, 7.9] {
        let wait = waits(&mut controller, now + later, Urgency::Ordinary);
        assert_eq!(wait, Wait::ForAnswer, "after {later} s");
    }
    let _ = leaves(&mut controller, now + 8.1, Urgency::Ordinary);
    assert_eq!(controller.snapshot(at(now + 8.1)).at_once, Some(4));
}
