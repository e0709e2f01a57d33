//! Clients that send their requests through a controller to a limiter, in virtual time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::limiters::Limiter;
use super::random::Random;
use super::rate_controller::{Permit, RateController, Reason, Urgency, Wait};

/// How a client is held back.
pub enum Pacing {
    /// By the controller that is judged.
    Controlled(Box<RateController>),
    /// By the pauses that the service asks for, and nothing else.
    PausesOnly,
}

/// What a run is like.
pub struct Setup {
    pub clients: usize,
    /// How many requests each client has to get through.
    pub requests: usize,
    /// How many of them a client has under way at once.
    pub at_once: usize,
    pub round_trip: f64,
    /// How much a round trip may be longer or shorter, as a part of it.
    pub jitter: f64,
    /// The run is given up then.
    pub patience: f64,
    pub seed: u64,
    /// Only pauses that began before are worth a record.
    pub until: f64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            clients: 1,
            requests: 3_000,
            at_once: 16,
            round_trip: 0.02,
            jitter: 0.2,
            patience: 200_000.0,
            seed: 1,
            until: f64::INFINITY,
        }
    }
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// When the last request got through; infinite when that took too long.
    pub seconds: f64,
    /// When each client was through.
    pub finished: Vec<f64>,
    pub passed: usize,
    pub refused: usize,
    /// The most times that one request was refused.
    pub max_refusals: u32,
    /// How many requests left within a pause that their client knew of.
    pub dishonoured: usize,
    /// How long the last pause was that a client made.
    pub last_pause: f64,
    /// The most requests that were at the service at once.
    pub most_under_way: usize,
}

impl Outcome {
    /// How many times as long the slowest client took as the fastest.
    pub fn unfairness(&self) -> f64 {
        self.seconds / self.finished.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub fn refused_share(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "some thousand")]
        let share = self.refused as f64 / (self.refused + self.passed).max(1) as f64;
        share
    }
}

#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Moment(f64, u64);

impl Eq for Moment {}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

enum Event {
    /// A client may have something to send.
    Wake(usize),
    /// A request arrives at the service.
    Arrival(usize, Request),
    /// Its answer arrives at the client.
    Answer(usize, Request, Result<(), Option<f64>>),
}

struct Request {
    permit: Option<Permit>,
    refusals: u32,
    rest_of_way: f64,
}

struct Client {
    pacing: Pacing,
    /// How many requests were not sent yet.
    fresh: usize,
    /// Those that were refused, with how often.
    again: Vec<u32>,
    under_way: usize,
    passed: usize,
    /// The end of the longest pause that it was told.
    told: f64,
    refused_at: f64,
    wake: f64,
}

struct Simulation<'a> {
    setup: &'a Setup,
    events: BinaryHeap<Reverse<(Moment, usize)>>,
    store: Vec<Option<Event>>,
    number: u64,
    /// For the way of requests.
    random: Random,
    /// For what the service draws, so that each schedule meets the same refusals.
    chance: Random,
    outcome: Outcome,
}

/// Sends all requests, each again until it gets through.
pub fn run(
    setup: &Setup,
    limiter: &mut dyn Limiter,
    mut pacing: impl FnMut(usize) -> Pacing,
) -> Outcome {
    let mut clients: Vec<_> = (0..setup.clients)
        .map(|number| Client {
            pacing: pacing(number),
            fresh: setup.requests,
            again: Vec::new(),
            under_way: 0,
            passed: 0,
            told: 0.0,
            refused_at: 0.0,
            wake: 0.0,
        })
        .collect();
    let mut simulation = Simulation {
        setup,
        events: BinaryHeap::new(),
        store: Vec::new(),
        number: 0,
        random: Random::new(setup.seed),
        chance: Random::new(setup.seed.wrapping_add(1 << 32)),
        outcome: Outcome {
            finished: vec![f64::INFINITY; setup.clients],
            seconds: f64::INFINITY,
            ..Outcome::default()
        },
    };
    let mut at_service = 0;
    for number in 0..setup.clients {
        simulation.at(0.0, Event::Wake(number));
    }
    while let Some(Reverse((Moment(now, _), index))) = simulation.events.pop() {
        if now > setup.patience {
            break;
        }
        match simulation.store[index].take().expect("each event once") {
            // Somebody else's answer may have led to an earlier one.
            Event::Wake(number) if clients[number].wake.total_cmp(&now).is_ne() => {}
            Event::Wake(number) => {
                clients[number].wake = f64::INFINITY;
                simulation.send(now, number, &mut clients[number]);
            }
            Event::Arrival(number, request) => {
                let answer = limiter.ask(now, &mut simulation.chance);
                at_service += usize::from(answer.is_ok());
                let most = &mut simulation.outcome.most_under_way;
                *most = (*most).max(at_service);
                let back = now + request.rest_of_way;
                simulation.at(back, Event::Answer(number, request, answer));
            }
            Event::Answer(number, request, answer) => {
                if answer.is_ok() {
                    at_service -= 1;
                    limiter.done();
                }
                let client = &mut clients[number];
                simulation.learn(now, number, client, request, answer);
                simulation.send(now, number, client);
            }
        }
    }
    simulation.outcome.seconds = simulation
        .outcome
        .finished
        .iter()
        .copied()
        .fold(0.0, f64::max);
    simulation.outcome
}

impl Simulation<'_> {
    fn at(&mut self, when: f64, event: Event) {
        self.number += 1;
        self.events
            .push(Reverse((Moment(when, self.number), self.store.len())));
        self.store.push(Some(event));
    }

    fn learn(
        &mut self,
        now: f64,
        number: usize,
        client: &mut Client,
        request: Request,
        answer: Result<(), Option<f64>>,
    ) {
        client.under_way -= 1;
        match answer {
            Ok(()) => {
                client.passed += 1;
                self.outcome.passed += 1;
                if client.passed == self.setup.requests {
                    self.outcome.finished[number] = now;
                }
                if let (Pacing::Controlled(controller), Some(permit)) =
                    (&mut client.pacing, request.permit)
                {
                    controller.accepted(permit, Duration::from_secs_f64(now));
                }
            }
            Err(asked) => {
                self.outcome.refused += 1;
                let refusals = request.refusals + 1;
                self.outcome.max_refusals = self.outcome.max_refusals.max(refusals);
                client.again.push(refusals);
                client.told = client.told.max(now + asked.unwrap_or(0.0));
                client.refused_at = now;
                if let (Pacing::Controlled(controller), Some(permit)) =
                    (&mut client.pacing, request.permit)
                {
                    let asked = asked.map(Duration::from_secs_f64);
                    controller.refused(permit, Duration::from_secs_f64(now), asked);
                }
            }
        }
    }

    fn send(&mut self, now: f64, number: usize, client: &mut Client) {
        while client.under_way < self.setup.at_once
            && (client.fresh > 0 || !client.again.is_empty())
        {
            let admitted = match &mut client.pacing {
                Pacing::Controlled(controller) => controller
                    .admit(Duration::from_secs_f64(now), Urgency::Ordinary)
                    .map(Some),
                Pacing::PausesOnly if client.told > now => Err(Wait::For(
                    Duration::from_secs_f64(client.told - now),
                    Reason::Pause,
                )),
                Pacing::PausesOnly => Ok(None),
            };
            match admitted {
                Ok(permit) => {
                    if now < client.told - 1e-6 {
                        self.outcome.dishonoured += 1;
                    }
                    if client.refused_at > 0.0 && client.told > 0.0 {
                        if client.refused_at < self.setup.until {
                            self.outcome.last_pause = now - client.refused_at;
                        }
                        client.refused_at = 0.0;
                    }
                    let refusals = client.again.pop().unwrap_or_else(|| {
                        client.fresh -= 1;
                        0
                    });
                    client.under_way += 1;
                    let spread = 1.0 + self.setup.jitter * (2.0 * self.random.unit() - 1.0);
                    let way = self.setup.round_trip * spread;
                    let request = Request {
                        permit,
                        refusals,
                        rest_of_way: way / 2.0,
                    };
                    self.at(now + way / 2.0, Event::Arrival(number, request));
                }
                Err(Wait::For(wait, _)) => {
                    let wake = now + wait.as_secs_f64().max(1e-9);
                    if wake < client.wake {
                        client.wake = wake;
                        self.at(wake, Event::Wake(number));
                    }
                    return;
                }
                Err(Wait::ForAnswer) => return,
            }
        }
    }
}
