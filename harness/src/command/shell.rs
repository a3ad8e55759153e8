pub(super) fn shell(_: &str, _: Option<&std::path::Path>) -> anyhow::Result<u8> {
    Ok(0)
}
