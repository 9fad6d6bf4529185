"""What people are told of a table that they want to import: causes in plain words, and what to do.

Layer hub, pure. Never a code, nor whose it is.
"""

from __future__ import annotations

from typing import Final

# Of the whole table

TOO_LARGE: Final = "the table has more than {limit} MiB"
TOO_MANY_ROWS: Final = "the table has more than {limit} lines: import it in parts"
TOO_MANY_COLUMNS: Final = "the table has more than {limit} columns"
NO_TEXT: Final = "this is no text in UTF-8"
NO_HEADER: Final = "the first line names no column with people's names"
COLUMN_TWICE: Final = "two columns are read as “{column}”: rename or remove one of them"
NOT_CLOSED: Final = (
    "the cells of line {line} cannot be told apart: a quotation mark is missing, or a line break is no usual one"
)

# Of a line

NOT_A_LINE: Final = "The line has more cells than the first one, or a cell that is too long or no text."
NO_NAME: Final = "There is no name."
NAME_TOO_LONG: Final = "The name is longer than {limit} characters."
CONTACT_TOO_LONG: Final = "The address or the phone number is longer than {limit} characters."
CODE_ROUNDED: Final = (
    "The spreadsheet has turned the code into a rounded number: format the column as text and type it again."
)
CODE_NOT_DIGITS: Final = "A code consists of digits."
CODE_TOO_SHORT: Final = "The code has fewer than {least} digits. A spreadsheet drops zeros at the begin: format the column as text and type it again."
CODE_TOO_LONG: Final = "The code has more than {greatest} digits."
CODE_TAKEN: Final = "Somebody has this code already. Choose another one."
LOST_ZEROS: Final = "The code is shorter than the others: it may have lost zeros at its begin, which spreadsheets drop. Compare it with the original."
WEAK: Final = "The code is easily guessed: it is {why}."
CODE_LENGTH: Final = "{door} takes codes of {least} to {greatest} digits: this one will not work there."
NO_CODE: Final = "There is no code: nothing opens a door for this person yet."
UNKNOWN_DOOR: Final = "There is no door called “{name}”."
DOORS_ALIKE: Final = "More than one door is called “{name}”."
NO_DOOR: Final = "No door is named: this person may open nothing yet."
NO_DATE: Final = "“{column}” is no date that has one meaning only: write it as 2026-12-31 or 2026-12-31 15:00."
NO_TIME: Final = "“{column}” is no time of day: write it as 09:00, and hours as 09:00-17:00."
NO_DAYS: Final = "“weekdays” names no days of the week: write them as Mon, Tue or Mon-Fri."
HOURS_TWICE: Final = "The line has hours, and a time of begin or end besides: use one of them."
HALF_HOURS: Final = "Hours need a begin and an end."
END_BEFORE_START: Final = "It ends before it begins."
IS_OVER: Final = "It is over already."
NEEDS_BOTH_ENDS: Final = "An access without days of the week needs both a begin and an end, or neither."
SAME_NAME: Final = "Somebody of this name is there with another address or phone number: this will be another person."
EXISTS: Final = "This person is there already; nothing is changed."
OTHER_LINE: Final = "Another line about this person is refused, so that this one is, too."
NOT_KEPT: Final = "It could not be kept: {why}. Try again."
CHANGED: Final = "somebody changed the house meanwhile"
