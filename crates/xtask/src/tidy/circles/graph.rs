//! Loops in a directed graph, the shortest through each node.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A graph without edges from a node to itself.
pub(super) struct Graph<N> {
    edges: BTreeMap<N, BTreeSet<N>>,
}

impl<N: Ord + Clone> Graph<N> {
    pub(super) fn new(edges: impl IntoIterator<Item = (N, N)>) -> Self {
        let mut graph = Self {
            edges: BTreeMap::new(),
        };
        for (from, to) in edges {
            if from != to {
                graph.edges.entry(from).or_default().insert(to);
            }
        }
        graph
    }

    /// Loops such that every node in a loop is in one of them; each begins at its smallest node.
    pub(super) fn loops(&self) -> Vec<Vec<N>> {
        let mut told: BTreeSet<&N> = BTreeSet::new();
        let mut loops = Vec::new();
        for start in self.edges.keys() {
            if told.contains(start) {
                continue;
            }
            if let Some(nodes) = self.shortest_loop(start) {
                told.extend(nodes.iter().copied());
                loops.push(from_smallest(nodes.into_iter().cloned().collect()));
            }
        }
        loops
    }

    /// Breadth first from `start` back to it.
    fn shortest_loop<'a>(&'a self, start: &'a N) -> Option<Vec<&'a N>> {
        let mut came_from: BTreeMap<&N, &N> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for next in self.edges.get(node).into_iter().flatten() {
                if next == start {
                    let mut nodes = vec![node];
                    while let Some(before) = nodes.last().and_then(|last| came_from.get(last)) {
                        nodes.push(before);
                    }
                    nodes.reverse();
                    return Some(nodes);
                }
                if !came_from.contains_key(next) {
                    came_from.insert(next, node);
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

fn from_smallest<N: Ord>(mut nodes: Vec<N>) -> Vec<N> {
    let smallest = nodes
        .iter()
        .enumerate()
        .min_by_key(|(_, node)| *node)
        .map_or(0, |(at, _)| at);
    nodes.rotate_left(smallest);
    nodes
}

#[cfg(test)]
mod tests {
    use super::Graph;

    #[test]
    fn a_graph_that_only_goes_down_has_no_loop() {
        let graph = Graph::new([(1, 2), (1, 3), (2, 4), (3, 4), (4, 4)]);
        assert!(graph.loops().is_empty());
    }

    #[test]
    fn each_loop_is_told_once_and_by_its_shortest_way() {
        let graph = Graph::new([
            (3, 1),
            (1, 2),
            (2, 3),
            (2, 9),
            (9, 3),
            (5, 6),
            (6, 5),
            (0, 1),
        ]);
        assert_eq!(graph.loops(), [vec![1, 2, 3], vec![5, 6], vec![1, 2, 9, 3]]);
    }
}
