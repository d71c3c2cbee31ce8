#!/usr/bin/python3
"""Compares what memguardd said in its journal records with the rows of the incident suite.

Prints a table, a line a row, and below a wrong one what everybody else has to say about that unit. With --dry only the
latter, for every row. With --told GLOB nothing: the exit status says whether as many incidents as expected are there.
"""
import argparse
import fnmatch
import json
import os
import re
import subprocess
import sys

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--state", required=True, help="folder with the file `rows` and, in the end, the folder `pids`")
parser.add_argument("--since", required=True, help="when the round began, seconds since the epoch")
parser.add_argument("--dry", action="store_true")
parser.add_argument("--told", metavar="GLOB")
arguments = parser.parse_args()

FIELDS = ["VERDICT", "CAUSE", "FATE", "PID", "CONFIDENCE", "COUNT", "KILLER", "LIMIT", "SITE", "COMM"]


def journal(*matches):
    """Records of the round as dictionaries of texts."""
    command = ["journalctl", "--quiet", "--no-pager", "--output=json", "--all", "--since=@" + arguments.since, *matches]
    for line in subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.splitlines():
        record = json.loads(line)
        for name, value in record.items():
            if isinstance(value, list) and value and all(isinstance(byte, int) for byte in value):
                record[name] = bytes(value).decode(errors="replace")
        yield record


def rows():
    with open(os.path.join(arguments.state, "rows")) as file:
        for line in file:
            yield line.rstrip("\n").split("\t")


def incidents():
    """What memguardd said, by unit, in the order in which it happened."""
    found = {}
    for record in journal("_SYSTEMD_UNIT=memguardd.service", "MEMGUARD_KIND=incident"):
        found.setdefault(record.get("OBJECT_SYSTEMD_UNIT", "no unit"), []).append(record)
    for records in found.values():
        records.sort(key=lambda record: int(record.get("MEMGUARD_TIME_USEC", 0)))
    return found


def noted(name):
    """The pids that the row's processes noted: [("main", "42"), ...]."""
    path = os.path.join(arguments.state, "pids", name + ".pids")
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [tuple(line.split()) for line in file if len(line.split()) == 2]


def is_one_of(value, pattern):
    return any(fnmatch.fnmatchcase(value or "-", one) for one in pattern.split("|"))


def is_right(record, expected, pids):
    verdict, cause, fate, pid, *by = expected.split()
    return (is_one_of(record.get("MEMGUARD_VERDICT"), verdict) and is_one_of(record.get("MEMGUARD_CAUSE"), cause) and
            is_one_of(record.get("MEMGUARD_FATE"), fate) and
            record.get("MEMGUARD_PID", "0") in {number for who, number in pids if is_one_of(who, pid)} and
            (not by or is_one_of(record.get("MEMGUARD_KILLER") or record.get("MEMGUARD_LIMIT"), by[0])))


def shown(record, pids):
    pid = record.get("MEMGUARD_PID", "no-pid")
    who = "/".join(sorted({who for who, number in pids if number == pid})) or "pid " + pid
    words = [record.get("MEMGUARD_" + name) or "-" for name in FIELDS[:3]] + [who]
    by = record.get("MEMGUARD_KILLER") or record.get("MEMGUARD_LIMIT")
    return " ".join(words + ([by] if by else []) + ["(%s)" % record.get("MEMGUARD_CONFIDENCE", "no confidence")])


def texts(value):
    return value if isinstance(value, list) else [value]


def seen(unit, pids, world):
    """What else is known about a unit: its own lines, PID 1's, the kernel's."""
    numbers = {number for _, number in pids}
    lines = []
    for record in world:
        message = str(record.get("MESSAGE", ""))
        if record.get("_TRANSPORT") == "kernel":
            about = re.findall(r"(?:pid[=:]? ?|process |\()(\d+)", message)
            if not numbers.intersection(about) and "/" + unit not in message.replace("\\x5c", "\\"):
                continue
            if not re.search(r"Killed process|oom-kill:|__vm_enough|exceed data|oom.group", message):
                continue
            who = "kernel"
        elif record.get("_PID") == "1" and record.get("UNIT") == unit:
            who = "systemd"
        elif record.get("_SYSTEMD_UNIT") == unit:
            who = "itself %s" % record.get("_PID")
        elif record.get("_SYSTEMD_UNIT") == "memguardd.service" and record.get("OBJECT_SYSTEMD_UNIT") == unit:
            who = "memguardd %s" % record.get("MEMGUARD_KIND")
        elif unit in message or numbers.intersection(re.findall(r"\d+", message)) and re.search("(?i)oom|hang", str(record.get("_COMM"))):
            who = str(record.get("_COMM"))
        else:
            continue
        time = int(record.get("_SOURCE_REALTIME_TIMESTAMP") or record["__REALTIME_TIMESTAMP"]) / 1e6
        lines.append((time, who, message))
        lines += [(time, "  evidence", text) for text in texts(record.get("MEMGUARD_EVIDENCE", []))]
    return ["%8.3f %-18s %s" % (time - float(arguments.since), who, text[:200]) for time, who, text in lines]


def is_told(glob):
    found = incidents()
    return all(len(found.get(unit, [])) >= (0 if expected == "none" else len(expected.split(";")))
               for name, unit, expected, _ in rows() if fnmatch.fnmatchcase(name, glob))


def table():
    found = incidents()
    world = list(journal())
    wrong = 0
    known = set()
    for name, unit, expected, title in rows():
        pids, records = noted(name), found.get(unit, [])
        known.add(unit)
        wanted = [] if expected == "none" else [one.strip() for one in expected.split(";")]
        right = len(records) == len(wanted) and all(is_right(record, one, pids) for record, one in zip(records, wanted))
        what = "; ".join(shown(record, pids) for record in records) or "none"
        wrong += not right
        print("%-5s %-18s %-58s %s" % ("ok" if right else "FAIL", name, "; ".join(wanted) or "none", "as expected" if not wanted and right else what))
        if arguments.dry or not right:
            print("        %s; pids: %s" % (title, ", ".join(" ".join(pid) for pid in pids) or "none noted"))
            for line in seen(unit, pids, world)[-40:]:
                print("        | " + line)
    for unit in sorted(found.keys() - known):
        wrong += 1
        print("FAIL  %-18s %-58s %s" % (unit, "not of the suite", "; ".join(shown(record, []) for record in found[unit])))
    n = len(known)
    print("%d rows, %d right, %d wrong." % (n, n - wrong, wrong))
    return wrong == 0 or arguments.dry


if arguments.told:
    sys.exit(not is_told(arguments.told))
sys.exit(not table())
