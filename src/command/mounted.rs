//! Files of ConfigMaps and Secrets, as volumes give them to a container: which of them a path means, and with what mode.

use std::collections::HashMap;

use k8s_openapi::api::core::v1::{Container, KeyToPath, PodSpec, Volume, VolumeMount};

/// The mode that the API server fills in.
const DEFAULT_MODE: i32 = 0o644;

/// The volumes of a Pod, by their names.
#[derive(Debug)]
pub struct Volumes<'a>(HashMap<&'a str, (usize, &'a Volume)>);

/// A file in a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MountedFile {
    /// Where the volume stands in the Pod.
    pub volume: usize,
    /// What gives the file its mode.
    pub set_by: SetBy,
    /// The mode.
    pub mode: i32,
    /// What the file comes from: a ConfigMap or a Secret.
    pub kind: &'static str,
    /// Whether that is one of several sources.
    pub is_projected: bool,
}

/// The field that gives a file its mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetBy {
    /// The volume's `defaultMode`.
    Volume,
    /// That of an element of its `items`.
    Item(usize),
    /// That of an element of the `items` of one of its sources.
    ItemOfSource(usize, usize),
}

impl<'a> Volumes<'a> {
    /// Those of a Pod.
    pub fn of(pod: &'a PodSpec) -> Self {
        let volumes = pod.volumes.iter().flatten().enumerate();
        Self(volumes.map(|(index, volume)| (volume.name.as_str(), (index, volume))).collect())
    }

    /// The file that a path means in a container, if a ConfigMap or a Secret is there.
    pub fn file(&self, container: &'a Container, path: &str) -> Option<MountedFile> {
        let path = normal(path, container.working_dir.as_deref())?;
        // The deepest mount is the one that is seen.
        let (mount, rest) = container
            .volume_mounts
            .iter()
            .flatten()
            .filter_map(|mount| Some((mount, below(&path, &normal(&mount.mount_path, None)?)?)))
            .min_by_key(|(_, rest)| rest.len())?;
        let inner = within_volume(mount, rest)?;
        let (index, volume) = self.0.get(mount.name.as_str())?;
        let (set_by, mode, kind) = file_of(volume, &inner)?;
        Some(MountedFile { volume: *index, set_by, mode, kind, is_projected: volume.projected.is_some() })
    }
}

/// A path without `.` and doubled slashes; none where it leads upwards, is not known, or means a program by its name.
fn normal(path: &str, working_dir: Option<&str>) -> Option<String> {
    let whole = match (path.starts_with('/'), working_dir) {
        (true, _) => path.to_owned(),
        (false, Some(folder)) if path.contains('/') && folder.starts_with('/') => format!("{folder}/{path}"),
        _ => return None,
    };
    let parts: Vec<&str> = whole.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    (!whole.contains("$(") && !parts.contains(&"..")).then(|| format!("/{}", parts.join("/")))
}

/// What is left of a path below a folder.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

/// The path of a file within the volume of a mount.
fn within_volume(mount: &VolumeMount, rest: &str) -> Option<String> {
    if mount.sub_path_expr.as_ref().is_some_and(|path| !path.is_empty()) {
        return None;
    }
    let folder = mount.sub_path.as_deref().unwrap_or_default().trim_matches('/');
    let path = match (folder, rest) {
        ("", rest) => rest.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, rest) => format!("{folder}/{rest}"),
    };
    let path = path.strip_prefix("..data/").unwrap_or(&path).to_owned();
    (!path.is_empty()).then_some(path)
}

fn file_of(volume: &Volume, path: &str) -> Option<(SetBy, i32, &'static str)> {
    let of = |items: &Option<Vec<KeyToPath>>, default: Option<i32>, kind| {
        let (item, mode) = mode_of(items.as_deref().unwrap_or_default(), path, default)?;
        Some((item.map_or(SetBy::Volume, SetBy::Item), mode, kind))
    };
    if let Some(source) = &volume.config_map {
        return of(&source.items, source.default_mode, "ConfigMap");
    }
    if let Some(source) = &volume.secret {
        return of(&source.items, source.default_mode, "Secret");
    }
    let projected = volume.projected.as_ref()?;
    // A path is that of one source; a source without items has whatever its object has.
    let mut found = None;
    for (index, source) in projected.sources.iter().flatten().enumerate() {
        let (items, kind) = match (&source.config_map, &source.secret) {
            (Some(source), _) => (&source.items, "ConfigMap"),
            (_, Some(source)) => (&source.items, "Secret"),
            _ => continue,
        };
        if let Some((item, mode)) =
            mode_of(items.as_deref().unwrap_or_default(), path, projected.default_mode)
        {
            if found.is_some() {
                return None;
            }
            found = Some((item.map_or(SetBy::Volume, |item| SetBy::ItemOfSource(index, item)), mode, kind));
        }
    }
    found
}

/// The item that a path is of, where it gives the mode, and the mode; none where the path is not there.
fn mode_of(items: &[KeyToPath], path: &str, default: Option<i32>) -> Option<(Option<usize>, i32)> {
    let default = default.unwrap_or(DEFAULT_MODE);
    if items.is_empty() {
        // Keys have no slashes.
        return (!path.contains('/')).then_some((None, default));
    }
    let (index, item) = items.iter().enumerate().find(|(_, item)| item.path == path)?;
    Some(match item.mode {
        Some(mode) => (Some(index), mode),
        None => (None, default),
    })
}
