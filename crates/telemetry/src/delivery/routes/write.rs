//! Writes the part of a request that a destination gets.
//!
//! Bytes are copied as they lie: whole resources and scopes where all in them goes along, single
//! items otherwise. Only what a rule changes is written anew.

use super::judge::Tree;
use crate::Signal;
use crate::otlp::count::{self, path};
use crate::otlp::edit::{self, Edit, Hasher};
use crate::otlp::view::attributes_of;
use crate::otlp::wire::{Field, Fields, Malformed, put_bytes};

/// What rules change, by the place of the rule.
#[derive(Debug)]
pub(super) struct Changes {
    pub(super) item: Vec<Vec<Edit>>,
    pub(super) resource: Vec<Vec<Edit>>,
    /// Rules that change items.
    pub(super) items: u64,
    /// Rules that change resources.
    pub(super) resources: u64,
    pub(super) hasher: Hasher,
}

impl Changes {
    fn of(edits: &[Vec<Edit>], rules: u64) -> impl Iterator<Item = &Edit> {
        let some = edits.iter().enumerate();
        let some = some.filter(move |(at, _)| rules >> at & 1 == 1);
        some.flat_map(|(_, edits)| edits)
    }
}

/// Counts the items of each fate.
pub(super) fn counts(
    signal: Signal,
    request: &[u8],
    tree: &Tree,
    fates: usize,
) -> Result<Vec<u64>, Malformed> {
    let mut counts = vec![0; fates];
    count(path(signal), request, tree, &mut counts)?;
    Ok(counts)
}

fn count(
    path: &[&[u32]],
    message: &[u8],
    tree: &Tree,
    counts: &mut [u64],
) -> Result<(), Malformed> {
    let trees = match tree {
        Tree::All(fate) => {
            counts[*fate as usize] += count::walk(path, message)?;
            return Ok(());
        }
        Tree::Each(trees) => trees,
    };
    let Some((step, deeper)) = path.split_first() else {
        return Err(Malformed);
    };
    let mut trees = trees.iter();
    for field in Fields::new(message) {
        let field = field?;
        if let Some(content) = field.content
            && step.contains(&field.number)
            && let Some(tree) = trees.next()
        {
            count(deeper, content, tree, counts)?;
        }
    }
    Ok(())
}

/// One writing.
#[derive(Debug)]
pub(super) struct Writing<'p> {
    pub(super) signal: Signal,
    /// By fate, the rules whose changes are seen; `None` for what is left out.
    pub(super) chosen: &'p [Option<u64>],
    pub(super) changes: &'p Changes,
}

impl Writing<'_> {
    /// The part of `request` that is chosen.
    pub(super) fn request(&self, request: &[u8], tree: &Tree) -> Result<Vec<u8>, Malformed> {
        let mut out = Vec::with_capacity(request.len());
        self.fields(0, 0, request, tree, None, &mut out)?;
        Ok(out)
    }

    /// Appends the fields of a message at `level`; says whether any item is among them.
    ///
    /// `class` are the rules whose changes the resource around has got: items that see other ones
    /// are left out, they have a copy of the resource of their own.
    fn fields(
        &self,
        level: usize,
        data: u32,
        message: &[u8],
        tree: &Tree,
        class: Option<u64>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Malformed> {
        let step = path(self.signal).get(level).ok_or(Malformed)?;
        let rewritten = level == 1 && class.is_some_and(|class| class != 0);
        let mut any = false;
        let mut next = 0;
        for field in Fields::new(message) {
            let field = field?;
            if field.content.is_some() && step.contains(&field.number) {
                let tree = match tree {
                    Tree::All(_) => tree,
                    Tree::Each(trees) => trees.get(next).ok_or(Malformed)?,
                };
                next += 1;
                let data = if level == 3 { field.number } else { data };
                any |= self.child(level + 1, data, &field, tree, class, out)?;
            } else if !(rewritten && field.number == 1) {
                out.extend_from_slice(field.raw);
            }
        }
        Ok(any)
    }

    fn child(
        &self,
        level: usize,
        data: u32,
        field: &Field<'_>,
        tree: &Tree,
        class: Option<u64>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Malformed> {
        let content = field.content.unwrap_or_default();
        if let Tree::All(fate) = tree {
            let Some(rules) = self.chosen[*fate as usize] else {
                return Ok(false);
            };
            let resource = rules & self.changes.resources;
            if class.is_some_and(|class| class != resource) {
                return Ok(false);
            }
            let edited = rules & self.changes.items != 0;
            if !edited && (level > 1 || resource == 0) {
                out.extend_from_slice(field.raw);
                return Ok(true);
            }
            if level == path(self.signal).len() {
                let mut inner = Vec::with_capacity(content.len() + 64);
                let number = attributes_of(self.signal, data);
                let edits = Changes::of(&self.changes.item, rules);
                edit::apply(content, number, edits, &self.changes.hasher, &mut inner)?;
                put_bytes(out, field.number, &inner);
                return Ok(true);
            }
        }
        if level > 1 {
            return self.nested(level, data, field, tree, class, out);
        }
        let mut classes = Vec::new();
        self.classes(tree, &mut classes);
        let mut any = false;
        for class in classes {
            any |= self.nested(level, data, field, tree, Some(class), out)?;
        }
        Ok(any)
    }

    fn nested(
        &self,
        level: usize,
        data: u32,
        field: &Field<'_>,
        tree: &Tree,
        class: Option<u64>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Malformed> {
        let content = field.content.unwrap_or_default();
        let mut inner = Vec::with_capacity(content.len() + 64);
        if level == 1
            && let Some(rules) = class.filter(|class| *class != 0)
        {
            self.resource(content, rules, &mut inner)?;
        }
        let any = self.fields(level, data, content, tree, class, &mut inner)?;
        if any {
            put_bytes(out, field.number, &inner);
        }
        Ok(any)
    }

    /// The different ways in which the resource around is changed.
    fn classes(&self, tree: &Tree, classes: &mut Vec<u64>) {
        match tree {
            Tree::All(fate) => {
                if let Some(rules) = self.chosen[*fate as usize] {
                    let class = rules & self.changes.resources;
                    if !classes.contains(&class) {
                        classes.push(class);
                    }
                }
            }
            Tree::Each(trees) => trees.iter().for_each(|tree| self.classes(tree, classes)),
        }
    }

    /// Appends the resource of resource spans, logs or metrics, changed.
    fn resource(&self, message: &[u8], rules: u64, out: &mut Vec<u8>) -> Result<(), Malformed> {
        // A message may be written in several pieces; their concatenation is the merged message.
        let mut resource = Vec::new();
        for field in Fields::new(message) {
            let field = field?;
            if let (1, Some(piece)) = (field.number, field.content) {
                resource.extend_from_slice(piece);
            }
        }
        let mut changed = Vec::with_capacity(resource.len() + 64);
        let edits = Changes::of(&self.changes.resource, rules);
        edit::apply(&resource, 1, edits, &self.changes.hasher, &mut changed)?;
        put_bytes(out, 1, &changed);
        Ok(())
    }
}
