//! The log: the same each time, and every effect has its cause.

use super::*;
use crate::base::RecordId;

#[test]
fn two_runs_are_equal() {
    let spec = over_switch(42, websocket());
    let (one, two) = (run(&spec), run(&spec));
    assert_eq!(one.frames, two.frames);
    assert_eq!(one.log.records(), two.log.records());
    assert_eq!(one.ended, two.ended);
}

#[test]
fn another_seed_gives_other_numbers_and_masks() {
    let (one, two) = (
        run(&over_switch(1, websocket())),
        run(&over_switch(2, websocket())),
    );
    assert_eq!(one.frames.len(), two.frames.len());
    let syn = |outcome: &Outcome| {
        let frame = outcome
            .frames
            .iter()
            .find(|frame| tcp_flags(frame) == Some(2));
        frame.unwrap().bytes[38..42].to_vec()
    };
    assert_ne!(syn(&one), syn(&two));
    let masked = |outcome: &Outcome| -> Vec<Vec<u8>> {
        let payload = |frame: &Transmission| frame.bytes.get(66..).map(<[u8]>::to_vec);
        let text = |payload: &Vec<u8>| payload.starts_with(&[0x81, 0x82]);
        outcome
            .frames
            .iter()
            .filter_map(payload)
            .filter(text)
            .collect()
    };
    assert_eq!(masked(&one).len(), 2, "one frame on two links");
    assert_ne!(masked(&one), masked(&two));
}

#[test]
fn without_recording_the_frames_are_the_same() {
    let spec = over_switch(42, websocket());
    let quiet = run(&Spec {
        recording: false,
        ..spec.clone()
    });
    assert_eq!(quiet.frames, run(&spec).frames);
    assert!(quiet.log.records().is_empty());
}

#[test]
fn without_frames_kept_all_else_is_the_same() {
    let mut spec = over_switch(42, websocket());
    spec.faults = vec![
        Fault::once(Match::Frame(FrameId(5)), Effect::Drop),
        Fault::once(Match::Frame(FrameId(9)), Effect::Duplicate),
    ];
    let kept = run(&spec);
    spec.keeping_frames = false;
    let forgetful = run(&spec);
    assert_eq!(forgetful.log.records(), kept.log.records());
    for (forgotten, kept) in forgetful.frames.into_iter().zip(kept.frames) {
        assert!(forgotten.bytes.is_empty());
        let bytes = kept.bytes.clone();
        assert_eq!(Transmission { bytes, ..forgotten }, kept);
    }
}

#[test]
fn every_cause_is_earlier() {
    let outcome = run(&over_switch(42, websocket()));
    for (index, record) in outcome.log.records().iter().enumerate() {
        if let Some(cause) = record.cause {
            assert!(cause.index() < index);
            assert!(outcome.log.records()[cause.index()].time <= record.time);
        }
        assert!(!record.cite.is_empty());
        assert!((1..=7).contains(&record.layer));
    }
}

#[test]
fn only_starts_have_no_cause() {
    let drop = |nth| Fault {
        from: nth,
        ..Fault::once(Match::Any, Effect::Drop)
    };
    let none = over_switch(42, websocket());
    // Each single frame is lost once: whatever mends it must say why it does.
    let losses = (1..=30).map(|nth| Spec {
        faults: vec![drop(nth)],
        ..none.clone()
    });
    for spec in losses.chain([none.clone()]) {
        let outcome = run(&spec);
        assert!(outcome.cut_short.is_none());
        assert!(
            told(&outcome, CLIENT)
                .iter()
                .any(|text| text.starts_with("< closed cleanly"))
        );
        for record in outcome
            .log
            .records()
            .iter()
            .filter(|record| record.cause.is_none())
        {
            let is_start = matches!(&record.what, What::AppCall(_)) && record.time.0 == 0;
            assert!(is_start, "{record:?}");
        }
    }
}

/// The causes of a record, from the first to itself, each in a word.
fn chain(outcome: &Outcome, id: RecordId) -> Vec<String> {
    let mut words = Vec::new();
    let mut next = Some(id);
    while let Some(id) = next {
        let record = &outcome.log.records()[id.index()];
        words.push(match &record.what {
            What::AppCall(text) => format!("call {text}"),
            What::AppEvent(text) => format!("event {text}"),
            What::Down(unit) => format!("down {}", unit.protocol),
            What::Up(unit) => format!("up {}", unit.protocol),
            What::FrameSent(_) => "sent".to_owned(),
            What::FrameArrived(_) => "arrived".to_owned(),
            What::SwitchForwarded { .. } => "forwarded".to_owned(),
            other => format!("({other:?})").chars().take(20).collect(),
        });
        next = record.cause;
    }
    words.reverse();
    words
}

fn find(outcome: &Outcome, node: NodeId, wanted: &What) -> RecordId {
    let is_it = |record: &Record| record.node == Some(node) && record.what == *wanted;
    let index = outcome.log.records().iter().position(is_it);
    RecordId::from_index(index.unwrap_or_else(|| panic!("{wanted:?} at {node:?}")))
}

#[test]
fn from_the_call_to_the_event_at_the_other_end() {
    let outcome = run(&over_switch(42, websocket()));
    let event = What::AppEvent("text \"hi\" received".into());
    let chain = chain(&outcome, find(&outcome, SERVER, &event));
    let from = chain
        .iter()
        .position(|word| word == "call send text \"hi\"")
        .unwrap();
    let essential = |word: &&String| !word.starts_with('(');
    let story: Vec<&String> = chain[from..].iter().filter(essential).collect();
    let expected = [
        "call send text \"hi\"",
        "down utf-8",
        "down websocket",
        "down tcp",
        "down ip",
        "down eth",
        "sent",
        "arrived",
        "forwarded",
        "sent",
        "arrived",
        "up eth",
        "up ip",
        "up tcp",
        "up websocket",
        "up utf-8",
        "event text \"hi\" received",
    ];
    assert_eq!(story, expected.iter().collect::<Vec<_>>());
}

#[test]
fn a_push_follows_from_its_timer_and_not_from_a_request() {
    let outcome = run(&over_switch(42, websocket()));
    let event = What::AppEvent("text \"news\" received".into());
    let chain = chain(&outcome, find(&outcome, CLIENT, &event));
    let from = chain
        .iter()
        .position(|word| word == "call send text \"news\"")
        .unwrap();
    assert!(chain[from - 1].starts_with("(Timer"), "{chain:?}");
    assert!(!chain.contains(&"call send text \"hi\"".to_owned()));
}
