//! x
fn main() {
    let cache = vm::kernels::Cache::open(None)
        .unwrap()
        .on_notice(|n| eprintln!("{n}"));
    for word in std::env::args().skip(1) {
        let t = std::time::Instant::now();
        match cache.resolve(&word, None) {
            Ok(k) => println!("{k:?} {:?}", t.elapsed()),
            Err(e) => println!("{e}"),
        }
    }
}
