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
