//! What comes from a guest is hostile: examples, and then whatever a generator thinks of.

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::protocol::Report;

fn told(bytes: &[u8]) -> Result<Event, LinkError> {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    theirs.write_all(bytes).unwrap();
    drop(theirs);
    Link::new(ours).event(Instant::now() + Duration::from_secs(5))
}

#[test]
fn an_event_is_read() {
    let event = told(b"{\"started\":{\"case\":\"uts::x\"}}\n").unwrap();
    assert!(matches!(event, Event::Started { case } if case == "uts::x"));
}

#[rstest]
#[case::no_json(b"hello\n", "hello")]
#[case::other_json(b"{\"a\":1}\n", "{\"a\":1}")]
#[case::escapes(b"\x1b[31mred\n", "red")]
#[case::not_utf8(b"\xff\xfe\n", "")]
fn anything_else_is_garbage_and_shown_escaped(#[case] bytes: &[u8], #[case] part: &str) {
    let Err(LinkError::Garbage(text)) = told(bytes) else { panic!("not garbage") };
    assert!(text.contains(part) && !text.contains('\x1b'), "{text:?}");
}

#[test]
fn half_a_line_is_an_end() {
    assert!(matches!(told(b"{\"started\":"), Err(LinkError::Closed)));
}

#[test]
fn a_line_without_end_is_cut() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let flood = std::thread::spawn(move || while theirs.write_all(&[b'x'; 4096]).is_ok() {});
    let answer = Link::new(ours).event(Instant::now() + Duration::from_secs(30));
    assert!(matches!(answer, Err(LinkError::Garbage(_))), "{answer:?}");
    flood.join().unwrap();
}

#[test]
fn silence_ends_at_the_deadline() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let answer = Link::new(ours).event(Instant::now() + Duration::from_millis(20));
    assert!(matches!(answer, Err(LinkError::Silent(_))), "{answer:?}");
    drop(theirs);
}

/// What the runner makes of bytes that come in pieces, until there is no more or it gives up.
fn read_all(pieces: &[Vec<u8>]) -> (Vec<Event>, LinkError) {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let mut link = Link::new(ours);
    let mut events = Vec::new();
    let mut pieces = pieces.iter();
    loop {
        // The line is empty when the next piece comes: each is read by itself.
        match link.event(Instant::now()) {
            Ok(event) => events.push(event),
            Err(LinkError::Silent(_)) => match pieces.next() {
                Some(piece) => {
                    theirs.write_all(piece).unwrap();
                    link.read_some(Duration::from_secs(5)).unwrap();
                }
                None => {
                    theirs.shutdown(Shutdown::Write).unwrap();
                    return (events, link.read_some(Duration::from_secs(5)).unwrap_err());
                }
            },
            Err(LinkError::Closed) if pieces.len() > 0 => panic!("closed with {} pieces to come", pieces.len()),
            Err(error) => return (events, error),
        }
    }
}

fn any_event() -> impl Strategy<Value = Event> {
    let text = || prop_oneof![any::<String>(), "[a-z_]{1,12}::[a-z_]{1,30}"];
    prop_oneof![
        text().prop_map(|case| Event::Started { case }),
        text().prop_map(Event::Failed),
        (text(), text(), any::<Option<String>>(), any::<u64>()).prop_map(|(case, message, seen, duration_us)| {
            let report = Report { seen, duration_us, ..Report::new(results::Verdict::Violated, message) };
            Event::Finished { case, report: Box::new(report) }
        }),
    ]
}

fn line_of(event: &Event) -> Vec<u8> {
    let mut line = serde_json::to_vec(event).unwrap();
    line.push(b'\n');
    line
}

/// Cuts bytes into pieces of these lengths, and the rest.
fn cut(bytes: &[u8], lengths: &[usize]) -> Vec<Vec<u8>> {
    let (mut pieces, mut rest) = (Vec::new(), bytes);
    for length in lengths {
        let (piece, others) = rest.split_at((*length).clamp(1, rest.len().max(1)).min(rest.len()));
        pieces.push(piece.to_vec());
        rest = others;
    }
    pieces.push(rest.to_vec());
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

proptest! {
    /// Whatever a guest sends: an end comes, and the words about it are short and can be shown to a person.
    #[test]
    fn hostile_bytes_end_in_one_harmless_line(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..400), 0..8)) {
        let newlines = pieces.iter().flatten().filter(|byte| **byte == b'\n').count();
        let (events, error) = read_all(&pieces);
        let text = error.to_string();
        prop_assert!(events.len() <= newlines);
        prop_assert!(text.len() < 1500 && !text.chars().any(char::is_control), "{:?}", text);
    }

    /// However the stream is cut, the same events come out in the same order.
    #[test]
    fn events_arrive_whole_however_they_are_cut(
        events in prop::collection::vec(any_event(), 0..6),
        lengths in prop::collection::vec(1_usize..200, 0..12),
    ) {
        let lines: Vec<Vec<u8>> = events.iter().map(line_of).collect();
        let (read, end) = read_all(&cut(&lines.concat(), &lengths));
        prop_assert!(matches!(end, LinkError::Closed), "{}", end);
        let read: Vec<Vec<u8>> = read.iter().map(line_of).collect();
        prop_assert_eq!(read, lines);
    }

    /// One byte that is wrong spoils its own line at most: what came before it is read as it was sent.
    #[test]
    fn a_spoilt_byte_spoils_no_line_before_it(
        events in prop::collection::vec(any_event(), 1..5),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let lines: Vec<Vec<u8>> = events.iter().map(line_of).collect();
        let mut bytes = lines.concat();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let before = bytes[..place].iter().filter(|byte| **byte == b'\n').count();
        let (read, _) = read_all(&[bytes]);
        prop_assert!(read.len() >= before);
        let read: Vec<Vec<u8>> = read.iter().map(line_of).collect();
        prop_assert_eq!(&read[..before], &lines[..before]);
    }
}
