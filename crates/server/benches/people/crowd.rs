//! Many people who come at once.

use std::future::Future;

use tokio::task::JoinSet;

/// Does something for each of so many, at most `at_once` of them at a time; what came of it, in
/// their order.
pub(crate) async fn each<T, F>(many: usize, at_once: usize, act: impl Fn(usize) -> F) -> Vec<T>
where
    T: 'static,
    F: Future<Output = T> + 'static,
{
    let mut tasks = JoinSet::new();
    let mut done: Vec<Option<T>> = (0..many).map(|_| None).collect();
    for at in 0..many {
        if tasks.len() >= at_once {
            finish(&mut tasks, &mut done).await;
        }
        let task = act(at);
        tasks.spawn_local(async move { (at, task.await) });
    }
    while !tasks.is_empty() {
        finish(&mut tasks, &mut done).await;
    }
    done.into_iter().flatten().collect()
}

async fn finish<T: 'static>(tasks: &mut JoinSet<(usize, T)>, done: &mut [Option<T>]) {
    if let Some(finished) = tasks.join_next().await {
        let (at, what) = finished.expect("people don't panic");
        done[at] = Some(what);
    }
}
