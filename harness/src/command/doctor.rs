pub(super) fn doctor() -> anyhow::Result<u8> {
    Ok(0)
}
