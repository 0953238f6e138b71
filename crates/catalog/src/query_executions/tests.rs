use crate::Catalog;
use crate::testing::{account, at, call};
use varberg_model::*;

fn execution(seconds: i64) -> QueryExecution {
    QueryExecution {
        id: JobId::random(),
        account: account(),
        principal: "somebody".into(),
        work_group: "primary".into(),
        database: "default".into(),
        sql: "SELECT 1".into(),
        kind: StatementKind::Select,
        state: ExecutionState::Queued,
        output: "000000000000/x.csv".into(),
        outcome: ExecutionOutcome::default(),
        submitted: at(seconds),
        completed: None,
    }
}

#[tokio::test]
async fn an_execution_is_started_once_runs_and_ends_once() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let (first, again) = (execution(0), execution(1));
    let key = call("token");
    assert_eq!(catalog.start_query(&first, 5, Some(&key)).await.unwrap(), (first.id, true));
    assert_eq!(catalog.start_query(&again, 5, Some(&key)).await.unwrap(), (first.id, false));
    assert_eq!(catalog.query_execution(&account(), &first.id.to_string()).await.unwrap().unwrap(), first);

    assert!(catalog.run_query(first.id, 7).await.unwrap());
    assert!(!catalog.run_query(first.id, 7).await.unwrap());
    let statistics = ExecutionStatistics { queue_ms: 7, engine_ms: 3, scanned_bytes: 2, rows: 1, output_bytes: 4 };
    let outcome = ExecutionOutcome { columns: "[]".into(), statistics, ..ExecutionOutcome::default() };
    assert!(catalog.end_query(first.id, ExecutionState::Succeeded, &outcome).await.unwrap());
    assert!(!catalog.end_query(first.id, ExecutionState::Cancelled, &outcome).await.unwrap());
    let ended = catalog.query_execution(&account(), &first.id.to_string()).await.unwrap().unwrap();
    assert_eq!((ended.state, ended.outcome), (ExecutionState::Succeeded, outcome));
    assert!(ended.completed.is_some());
}

#[tokio::test]
async fn an_account_has_so_many_open_executions_and_sees_its_own() {
    let catalog = Catalog::open_in_memory().await.unwrap();
    let executions = [execution(0), execution(1)];
    for one in &executions {
        catalog.start_query(one, 2, None).await.unwrap();
    }
    assert!(matches!(catalog.start_query(&execution(2), 2, None).await, Err(crate::Error::TooMany { .. })));
    let size = PageSize::parse(Some(1)).unwrap();
    let page = catalog.query_executions(&account(), "primary", size, None).await.unwrap();
    assert_eq!(page.entries[0].id, executions[1].id);
    let page = catalog.query_executions(&account(), "primary", size, page.next.as_ref()).await.unwrap();
    assert_eq!(page.entries[0].id, executions[0].id);
    let other = AccountId::parse("111111111111").unwrap();
    assert!(catalog.query_execution(&other, &executions[0].id.to_string()).await.unwrap().is_none());

    assert_eq!(catalog.fail_open_queries("the server was started again").await.unwrap(), 2);
    let failed = catalog.query_execution(&account(), &executions[0].id.to_string()).await.unwrap().unwrap();
    assert_eq!(
        (failed.state, failed.outcome.reason.as_str()),
        (ExecutionState::Failed, "the server was started again")
    );
}
