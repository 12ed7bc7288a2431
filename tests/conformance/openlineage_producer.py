"""Writes events with the OpenLineage client."""

import datetime
import json
import sys

import attr
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.serde import Serde
from openlineage.client.uuid import generate_new_uuid

now = datetime.datetime.now(datetime.timezone.utc).isoformat()
run = Run(runId=str(generate_new_uuid()))
job = Job(namespace="cron", name="orders.daily")
orders = InputDataset(namespace="postgres://db:5432", name="public.orders")
daily = OutputDataset(namespace="postgres://db:5432", name="public.orders_daily")
with open(sys.argv[1], "w", encoding="utf-8") as file:
    for state, inputs, outputs in [(RunState.START, [orders], []), (RunState.COMPLETE, [], [daily])]:
        event = RunEvent(
            eventType=state, eventTime=now, run=run, job=job, producer="https://example.org/cron", inputs=inputs,
            outputs=outputs,
        )
        file.write(Serde.to_json(event) + "\n")
