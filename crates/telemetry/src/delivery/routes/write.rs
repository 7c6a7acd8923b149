//! Writes the part of a request that a destination gets.
//!
//! Bytes are copied as they lie: whole resources and scopes where all in them goes along, single
//! items otherwise. Only what a rule changes is written anew.

use super::judge::Tree;
use crate::Signal;
use crate::otlp::count::{self, path};
use crate::otlp::edit::{self, Edit, Hasher};
use crate::otlp::view::Holder;
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
    /// Those of some rules, in their order.
    fn of(edits: &[Vec<Edit>], rules: u64) -> Vec<&Edit> {
        let some = edits.iter().enumerate();
        let some = some.filter(move |(at, _)| rules >> at & 1 == 1);
        some.flat_map(|(_, edits)| edits).collect()
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

/// Where the writing is.
#[derive(Debug, Clone, Copy)]
struct Spot<'t> {
    /// How many steps of the path are above.
    level: usize,
    /// Of metrics, the field of the kind of data around; else 0.
    data: u32,
    /// The fates of what is below.
    tree: &'t Tree,
    /// The rules whose changes the resource around has got, once there is one: items that see other
    /// ones are left out, they have a copy of the resource of their own.
    class: Option<u64>,
}

impl Writing<'_> {
    /// The part of `request` that is chosen.
    pub(super) fn request(&self, request: &[u8], tree: &Tree) -> Result<Vec<u8>, Malformed> {
        let mut out = Vec::with_capacity(request.len());
        let spot = Spot {
            level: 0,
            data: 0,
            tree,
            class: None,
        };
        self.fields(spot, request, &mut out)?;
        Ok(out)
    }

    /// Appends the fields of a message; says whether any item is among them.
    fn fields(&self, spot: Spot<'_>, message: &[u8], out: &mut Vec<u8>) -> Result<bool, Malformed> {
        let step = path(self.signal).get(spot.level).ok_or(Malformed)?;
        let rewritten = spot.level == 1 && spot.class.is_some_and(|class| class != 0);
        let mut any = false;
        let mut next = 0;
        for field in Fields::new(message) {
            let field = field?;
            if field.content.is_some() && step.contains(&field.number) {
                let tree = match spot.tree {
                    Tree::All(_) => spot.tree,
                    Tree::Each(trees) => trees.get(next).ok_or(Malformed)?,
                };
                next += 1;
                let below = Spot {
                    level: spot.level + 1,
                    data: if spot.level == 3 {
                        field.number
                    } else {
                        spot.data
                    },
                    tree,
                    class: spot.class,
                };
                any |= self.child(below, &field, out)?;
            } else if !(rewritten && field.number == 1) {
                out.extend_from_slice(field.raw);
            }
        }
        Ok(any)
    }

    fn child(
        &self,
        spot: Spot<'_>,
        field: &Field<'_>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Malformed> {
        if let Tree::All(fate) = spot.tree {
            let Some(rules) = self.chosen[*fate as usize] else {
                return Ok(false);
            };
            let resource = rules & self.changes.resources;
            if spot.class.is_some_and(|class| class != resource) {
                return Ok(false);
            }
            let edited = rules & self.changes.items != 0;
            if !edited && (spot.level > 1 || resource == 0) {
                out.extend_from_slice(field.raw);
                return Ok(true);
            }
            if spot.level == path(self.signal).len() {
                let content = field.content.unwrap_or_default();
                let mut inner = Vec::with_capacity(content.len() + 64);
                let holder = Holder::of(self.signal, spot.data);
                let edits = Changes::of(&self.changes.item, rules);
                edit::apply(content, holder, &edits, &self.changes.hasher, &mut inner)?;
                put_bytes(out, field.number, &inner);
                return Ok(true);
            }
        }
        if spot.level > 1 {
            return self.nested(spot, field, out);
        }
        let mut classes = Vec::new();
        self.classes(spot.tree, &mut classes);
        let mut any = false;
        for class in classes {
            let class = Some(class);
            any |= self.nested(Spot { class, ..spot }, field, out)?;
        }
        Ok(any)
    }

    fn nested(
        &self,
        spot: Spot<'_>,
        field: &Field<'_>,
        out: &mut Vec<u8>,
    ) -> Result<bool, Malformed> {
        let content = field.content.unwrap_or_default();
        let mut inner = Vec::with_capacity(content.len() + 64);
        if spot.level == 1
            && let Some(rules) = spot.class.filter(|class| *class != 0)
        {
            self.resource(content, rules, &mut inner)?;
        }
        let any = self.fields(spot, content, &mut inner)?;
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
        let hasher = &self.changes.hasher;
        edit::apply(&resource, &Holder::RESOURCE, &edits, hasher, &mut changed)?;
        put_bytes(out, 1, &changed);
        Ok(())
    }
}
