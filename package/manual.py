#!/usr/bin/env python3
"""The manual page and the bash completion, made of what the program says of itself: `wherefrom --help` and
`wherefrom COMMAND --help`, which are printed from its tables of options. So there is no second list of options.

    manual.py WHEREFROM man|bash > FILE

Exit status 1 when a help text has a line that is not understood.

Threads: one.
"""
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
MEANING_COLUMN = 32  # app/help.c
OPTION = re.compile(r"^(?:  -(?P<letter>\w), |      )--(?P<name>[a-z][a-z-]*)(?: (?P<value>\S+(?: \S+)*?))?(?:  +(?P<help>\S.*))?$")
HEADING = re.compile(r"^[A-Z][a-z]+:$")
COMMAND = re.compile(r"^  wherefrom (?P<name>[a-z]+) +(?:(?:\[[^\]]*\]|[A-Z]+\.\.\.) +)*(?P<help>[A-Za-z].*)$")


def printed(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Option:
    def __init__(self, match):
        self.letter, self.name, self.value, self.help = match["letter"], match["name"], match["value"], match["help"] or ""

    def same_as(self, other):
        return vars(self) == vars(other)


class Command:
    """What `wherefrom NAME --help` says, in its parts."""

    def __init__(self, name, purpose, text):
        self.name, self.purpose = name, purpose
        self.usage, self.about, self.groups, self.end = [], [], [], []
        part = self.usage
        for line in text.splitlines():
            option = OPTION.match(line)
            if option and self.groups:
                self.groups[-1][1].append(Option(option))
                part = None
            elif part is None and line.startswith(" " * MEANING_COLUMN):
                last = self.groups[-1][1][-1]
                last.help = f"{last.help} {line.strip()}".strip()
            elif HEADING.match(line) and (part is not self.usage) and self.heads_options(line, text):
                self.groups.append((line[:-1], []))
                part = None
            elif part is None and line == "":
                continue
            elif part is None:
                if re.match(r" +-", line):
                    sys.exit(f"manual.py: `wherefrom {name} --help` has a line that is not understood: {line}")
                self.end.append(line)
            elif part is self.usage and line == "":
                part = self.about
            else:
                part.append(line)
        self.usage = [re.sub(r"^usage: ", "", line.strip()) for line in self.usage]

    @staticmethod
    def heads_options(line, text):
        behind = text.split(f"\n{line}\n", 1)[-1].splitlines()
        return bool(behind and OPTION.match(behind[0]))

    def options(self):
        return [option for _, options in self.groups for option in options]

    def option_words(self):
        """All that may be completed: options of the tables, and those of commands that have none but in their usage."""
        words = {f"--{option.name}" for option in self.options()} | {f"-{option.letter}" for option in self.options() if option.letter}
        return sorted(words | set(re.findall(r"--[a-z][a-z-]*", " ".join(self.usage))) | {"--help"})


def read_commands(program):
    commands = []
    for line in printed(program, "--help").splitlines():
        match = COMMAND.match(line)
        if match:
            commands.append(Command(match["name"], match["help"], printed(program, match["name"], "--help")))
        elif line.startswith("  wherefrom "):
            sys.exit(f"manual.py: `wherefrom --help` has a line that is not understood: {line}")
    for command in commands:
        for title, options in command.groups:
            if not options:
                sys.exit(f"manual.py: `wherefrom {command.name} --help`: no option below {title}:")
    if not any(command.options() for command in commands):
        sys.exit("manual.py: `wherefrom --help` lists no command with options")
    return commands


# --- the manual page -------------------------------------------------------------------------------------------------

def roff(text):
    # long words without a space, such as URLs, may be broken where a reader would
    text = re.sub(r"\S{40,}", lambda word: re.sub(r"([/,|=&])(?=.)", "\\1\0", word[0]), text)
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq").replace("~", "\\(ti").replace("^", "\\(ha")
    text = text.replace("\0", "\\:")
    return "\\&" + text if text.startswith(".") else text


def paragraphs(lines):
    """Text flows; what is indented or stands in columns stays as it is."""
    kept = False
    for line in lines:
        keep = line.startswith(" ") or re.search(r"\S {3,}\S", line) is not None
        if keep != kept and line:
            yield ".nf" if keep else ".fi"
            kept = keep
        yield roff(line) if line else ".PP" if not kept else ""
    if kept:
        yield ".fi"


def option_entry(option):
    name = f"\\fB\\-{option.letter}\\fR, " if option.letter else ""
    name += f"\\fB{roff('--' + option.name)}\\fR"
    return [".TP", name + (f" \\fI{roff(option.value)}\\fR" if option.value else ""), roff(option.help)]


def command_section(command, run):
    yield f".SS {command.name}"
    yield f"{roff(command.purpose[0].upper() + command.purpose[1:])}."
    yield from (".PP", ".nf", *(f"\\fB{roff(line)}\\fR" for line in command.usage), ".fi")
    if any(command.about):
        yield from (".PP", *paragraphs(command.about))
    shared = []
    for title, options in command.groups:
        own = [o for o in options if command is run or not any(o.same_as(other) for other in run.options())]
        shared += [o for o in options if o not in own]
        if own:
            yield from (".PP", f"\\fI{roff(title)}\\fR")
            for option in own:
                yield from option_entry(option)
    if shared:
        names = ", ".join(f"\\fB{roff('--' + option.name)}\\fR" for option in shared)
        yield from (".PP", f"Options that mean what they do for \\fBrun\\fR: {names}.")
    if any(command.end):
        yield from (".PP", *paragraphs(command.end))


def manual_page(program, commands):
    version = printed(program, "version").split()[1]
    run = next(command for command in commands if command.name == "run")
    head, tail = (HERE / "wherefrom.1.in").read_text(encoding="utf-8").split("@COMMANDS@\n")
    print(head.replace("@VERSION@", version), end="")
    for command in commands:
        print("\n".join(command_section(command, run)))
    print(tail, end="")


# --- the completion --------------------------------------------------------------------------------------------------

def values_of(option, formats):
    """How the value behind an option is completed: a word for the shell's case below. Of alternatives those in small letters are said
    as they stand, the others name a kind."""
    if option.value is None:
        return None
    parts = option.value.split("|")
    words = [part for part in parts if re.fullmatch(r"[a-z0-9]+|-", part)]
    if option.name == "format":
        words += formats
    if "DIR" in parts:
        return "dirs"
    if {"FILE", "OUT"} & set(parts):
        return "files"
    return " ".join(["words", *words])


def value_cases(commands, formats):
    """The rows of the shell's case for what stands behind an option: one for all commands that mean the same by it."""
    kinds = {}
    for command in commands:
        for option in command.options():
            kinds.setdefault(option.name, {})[command.name] = (option.letter, values_of(option, formats))
    for name, by_command in sorted(kinds.items()):
        same = len(set(by_command.values())) == 1
        for command, (letter, kind) in by_command.items():
            before = "*" if same else command
            if kind is not None:
                yield f"    {before}:--{name}" + (f" | {before}:-{letter}" if letter else "") + f") kind='{kind}' ;;"
            if same:
                break


def completion(program, commands):
    formats = [line.split()[0] for line in printed(program, "formats").splitlines()]
    options = [f"        {command.name}) words='{' '.join(command.option_words())}' ;;" for command in commands]
    text = (HERE / "completion.bash.in").read_text(encoding="utf-8")
    for name, what in (("COMMANDS", " ".join(command.name for command in commands)), ("OPTIONS", "\n".join(options)),
                       ("VALUES", "\n".join(value_cases(commands, formats))), ("FORMATS", " ".join(formats))):
        text = text.replace(f"@{name}@", what)
    print(text, end="")


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in ("man", "bash"):
        sys.exit("usage: manual.py WHEREFROM man|bash > FILE")
    program = str(pathlib.Path(sys.argv[1]).resolve())
    commands = read_commands(program)
    (manual_page if sys.argv[2] == "man" else completion)(program, commands)


if __name__ == "__main__":
    main()
