//! The file that a trained model is kept in.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use bellwether_domain::analysis::Trained;

use crate::app;

/// Reads a model that was trained by this version of the program.
pub(crate) fn read(file: &Path) -> anyhow::Result<Trained> {
    let text = std::fs::read_to_string(file).with_context(|| format!("the model {} cannot be read", file.display()))?;
    let model: Trained =
        serde_json::from_str(&text).with_context(|| format!("{} holds no model: train one anew", file.display()))?;
    if !model.is_current() {
        bail!("the model {} was trained by another version: train it anew", file.display());
    }
    Ok(model)
}

/// Writes a model: whoever reads the file meanwhile sees the one before, whole.
pub(crate) fn write(file: &Path, model: &Trained) -> anyhow::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let cannot = || format!("the model {} cannot be written", file.display());
    app::make_folder(folder)?;
    let mut new = tempfile::NamedTempFile::new_in(folder).with_context(cannot)?;
    serde_json::to_writer_pretty(&mut new, model).with_context(cannot)?;
    new.write_all(b"\n").with_context(cannot)?;
    new.as_file().sync_all().with_context(cannot)?;
    new.persist(file).with_context(cannot)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_model_of_this_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.json");
        let said = || read(&file).unwrap_err().to_string();
        assert!(said().ends_with("model.json cannot be read"), "{}", said());
        std::fs::write(&file, "{}").unwrap();
        assert!(said().ends_with("model.json holds no model: train one anew"), "{}", said());
        let features = [0.0; 12];
        let logistic =
            serde_json::json!({"means": features, "deviations": features, "weights": features, "constant": 0});
        let report = serde_json::json!({"forecasts": 0, "base_rate": 0, "brier": 0, "base_brier": 0, "log_loss": 0,
            "base_log_loss": 0, "deciles": []});
        let other = serde_json::json!({"version": 1, "timeframe": "1d", "horizon": 5, "is_simulated": false, "from": 0,
            "until": 0, "samples": 0, "features": ["the moon"], "logistic": logistic, "report": report});
        std::fs::write(&file, other.to_string()).unwrap();
        assert!(said().ends_with("was trained by another version: train it anew"), "{}", said());
    }
}
