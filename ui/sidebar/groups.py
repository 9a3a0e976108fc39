"""Under which heading a conversation stands: Today, Yesterday, Earlier this week, or its month."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

# Not `calendar.month_name`: Qt sets the process to the user's locale, and this text is English.
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def group_heading(updated_at: datetime, now: datetime) -> str:
    """The heading for a conversation last used at `updated_at`, seen at `now`; both are aware.

    Days are those of `now`'s time zone; a week begins on Monday. A time in the future (a clock
    that was set back) counts as today.
    """
    day = updated_at.astimezone(now.tzinfo).date()
    today = now.date()
    if day >= today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if day >= _monday_of(today):
        return "Earlier this week"
    month = _MONTHS[day.month - 1]
    return month if day.year == today.year else f"{month} {day.year}"


def group_begin(updated_at: datetime, now: datetime) -> datetime:
    """When the group of that heading begins: what is last used between that and `updated_at` is in it too."""
    day = min(updated_at.astimezone(now.tzinfo).date(), now.date())
    monday = _monday_of(now.date())
    if day < now.date() - timedelta(days=1):
        day = monday if day >= monday else day.replace(day=1)
    return datetime.combine(day, time(), now.tzinfo)


def _monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())
