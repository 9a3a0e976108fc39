"""`ponder doctor`: the report of `app.doctor`, for people and for machines."""

from __future__ import annotations

from typing import Any

import msgspec

from app import numbers_in_words as words
from app.cli.output import one_line
from app.cli.surroundings import Surroundings
from app.doctor import Outcome, Report, examine
from models.machine import DeviceKind, Machine

_MARKS = {Outcome.OK: "ok    ", Outcome.FAILED: "FAILED", Outcome.NOT_HERE: "?     "}


def show_doctor(surroundings: Surroundings, *, as_json: bool, privacy: bool) -> int:
    """Examine and show. 0: no promise was found broken."""
    if not as_json and surroundings.output.can_dim():
        surroundings.output.aside("Looking, and asking the model in the box a question…\n", dim=True)
    report = examine(
        surroundings.paths, surroundings.built_in_model, surroundings.engine_command, tries_privacy=privacy
    )
    if as_json:
        surroundings.output.json(_as_object(report))
    else:
        surroundings.output.line(_as_text(report))
    return 0 if report.all_hold else 1


def _as_text(report: Report) -> str:
    model_lines = []
    for model in report.models:
        size = f" · {words.size(model.size_bytes)}" if model.size_bytes else ""
        model_lines += [f"{one_line(model.title)}{size} · {'cannot be used' if model.problem else 'ok'}"]
        model_lines += [f"    {one_line(str(model.path))}"]
        model_lines += [f"    {one_line(model.problem)}"] if model.problem else []
    promise_lines = []
    for promise in report.promises:
        how = f"cannot be checked here: {promise.how}" if promise.outcome is Outcome.NOT_HERE else promise.how
        promise_lines += [f"{_MARKS[promise.outcome]}  {promise.text}", f"        {one_line(how)}"]
    sections = {
        "Versions": _table(report.versions),
        "Files": [
            *_table({each.name: f"{one_line(str(each.path))} ({each.state})" for each in report.paths}),
            *(
                [f"The history is {one_line(report.history_protection)}."]
                if report.history_protection
                else []
            ),
            *([one_line(report.settings_problem)] if report.settings_problem else []),
        ],
        "This computer": _computer(report.machine),
        "Models": model_lines,
        "Promises": promise_lines,
    }
    blocks = ["\n".join([title, *(f"  {line}" for line in lines)]) for title, lines in sections.items()]
    return "\n\n".join(blocks)


def _computer(machine: Machine) -> list[str]:
    cpu = machine.cpu
    limited = " (as much as its container leaves it)" if machine.is_limited_by_container else ""
    memory = f"{words.size(machine.ram_total_bytes)}, {words.size(machine.ram_available_bytes)} available"
    speed = machine.bandwidth_bytes_per_s
    rows = {
        "Processor": f"{one_line(cpu.title)} · {cpu.physical_cores} cores, {cpu.logical_cores} threads, "
        f"{cpu.usable_cores} to use{limited}",
        "Features": " ".join(cpu.features) or "not known",
        "Memory": memory + (f", read at {words.size(int(speed))}/s" if speed else "") + limited,
        "Disk": f"{words.size(machine.disk_free_bytes)} free for models",
        "Engine": one_line(machine.engine_problem),
    }
    lines = _table({name: text for name, text in rows.items() if text})
    for device in machine.devices:
        shared = " of the processor's memory" if device.kind is DeviceKind.INTEGRATED else ""
        sizes = f"{words.size(device.total_bytes)}{shared}, {words.size(device.free_bytes)} free"
        lines.append(f"Computes on {one_line(device.title)} ({device.name}) · {sizes}")
    if not machine.devices:
        lines.append("Computes on the processor.")
    for gpu in machine.unusable_gpus:
        lines += [f"Not used: {one_line(gpu.title)}", f"    {gpu.why} {gpu.advice}"]
    return lines


def _table(rows: dict[str, str]) -> list[str]:
    width = max(len(name) for name in rows) + 2
    return [f"{name:<{width}}{value}" for name, value in rows.items()]


def _computer_as_object(machine: Machine) -> dict[str, Any]:
    return {
        "cpu": msgspec.to_builtins(machine.cpu),
        "memory": {
            "total_bytes": machine.ram_total_bytes,
            "available_bytes": machine.ram_available_bytes,
            "bandwidth_bytes_per_s": machine.bandwidth_bytes_per_s,
            "is_limited_by_container": machine.is_limited_by_container,
        },
        "devices": msgspec.to_builtins(machine.devices),
        "unusable_gpus": msgspec.to_builtins(machine.unusable_gpus),
        "engine_problem": machine.engine_problem,
        "disk_free_bytes": machine.disk_free_bytes,
    }


def _as_object(report: Report) -> dict[str, Any]:
    return {
        "versions": report.versions,
        "paths": [{"name": each.name, "path": str(each.path), "state": each.state} for each in report.paths],
        "settings_problem": report.settings_problem,
        "history_protection": report.history_protection,
        **_computer_as_object(report.machine),
        "models": [
            {
                "title": model.title,
                "path": str(model.path),
                "size_bytes": model.size_bytes,
                "ok": not model.problem,
                "problem": model.problem,
            }
            for model in report.models
        ],
        "promises": [
            {"text": promise.text, "result": promise.outcome.value, "how": promise.how}
            for promise in report.promises
        ],
        "all_hold": report.all_hold,
    }
