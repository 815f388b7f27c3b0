#!/usr/bin/env python3
"""Writes .actor files in which hard names stand in every position that a name can have.

  every_name.py DIR [--every N]

Each name stands in each position; with --every N, in every Nth one, another for each name, so that each position
still has many names and each name some positions. The files are small, so that a compiler can take them one by one. Names that differ
only in case and underscores, which one scope may not hold, share none. `hostile_macros.h` defines the macros as
what nothing compiles with, behind all headers that generated code includes.
"""
import argparse
import pathlib
import sys

# Of C++, up to C++26, and of compilers.
KEYWORDS = """
alignas alignof and and_eq asm atomic_cancel atomic_commit atomic_noexcept auto bitand bitor bool break case catch char
char16_t char32_t char8_t class co_await co_return co_yield compl concept const const_cast consteval constexpr constinit
continue contract_assert decltype default delete do double dynamic_cast else enum explicit export extern false float for
friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected
public reflexpr register reinterpret_cast requires restrict return short signed sizeof static static_assert static_cast
struct switch synchronized template this thread_local throw true try typedef typeid typename typeof union unsigned using
virtual void volatile wchar_t while xor xor_eq final override import module
""".split()

# What generated code includes of others.
HEADERS = """
algorithm array cstddef cstdint deque limits list map memory optional ostream set string string_view tuple type_traits
unordered_map unordered_set utility variant vector
""".split()
LIBRARY = """
box.h filter.h generated/call_messages.h generated/client_support.h generated/describe.h generated/foreign_impl.h
generated/observation_impl.h generated/previous.h generated/previous_impl.h generated/server_support.h
generated/state_impl.h generated/state_support.h generated/value_support.h set.h stream.h stream_call.h uuid.h version.h view.h
""".split()

# Of the standard library, of POSIX and Linux, of abseil and protobuf, and of builds.
MACROS = """
ABSL_CHECK ABSL_FLAG ABSL_GUARDED_BY ABSL_LOG ABSL_MUST_USE_RESULT CHAR_BIT CHECK DCHECK DEBUG DOMAIN EAGAIN EINTR
EINVAL EOF ERANGE ERROR EXIT_FAILURE FALSE FD_SET GOOGLE_CHECK GOOGLE_DCHECK GOOGLE_LOG HUGE_VAL INFINITY INT64_MIN
INT_MAX LOG M_PI M_PI_2 NAN NDEBUG NULL OVERFLOW PATH_MAX PROTOBUF_CONSTINIT RAND_MAX SEEK_SET SIGINT SIZE_MAX TRUE UINT_MAX
VLOG alloca assert errno fpclassify isnan linux major makedev minor offsetof putc setjmp sigmask st_atime stderr
stdin stdout unix va_arg
""".split()

# What generated code, and the library around it, call their own.
OURS = """
AddReminderChange AfterCommit CancelReminder OnActivate OnDeactivate OnReminder OnTimer RestoreReminders SetReminder
TakeReminders Every CancelEvery at encoded events first period reminder reminders std absl onager google generated internal testing T Turn Task Actor ActorBase ActorType Bytes Call CallOptions Change
Changed Channel Client Describe Dispatch DispatchStreamed Emit EmitEvent Field Filter FromBytes Kind Map Migrate Mutable
Observation Observe Parse Patch Previous PreviousStruct Replica Request Result Selection Set SetAlternative Status
StatusOr StructOps ToBytes ToStatus ToString Tracked TrackedState TrackedStruct Type Uuid Value View Watch actor
actor_type arguments change change_ channel cleared client container event fields handle kCode kNumber kTypeUrl keys
message method name now options out parameters parsed pending place reader request result results service state_interface
status string_view streams text tracked type update value variant writer ChangeView RestoreEvents TrackedPlace
""".split()

BUILTIN = set("bool int32 int64 uint32 uint64 float double string bytes timestamp duration uuid optional list map set "
              "stream".split())
NO_PARAMETERS = set("state prev item item_key key".split())


def form(name):
    return name.replace("_", "").lower()


def scopes(names):
    """Splits names into lists in which no two have the same form."""
    lists = []
    for name in names:
        for one in lists:
            if form(name) not in one:
                one[form(name)] = name
                break
        else:
            lists.append({form(name): name})
    return [list(one.values()) for one in lists]


def good(name):
    """Names do not begin or end with `_`."""
    return not name.endswith("_")


NAMES = [name for name in dict.fromkeys(KEYWORDS + MACROS + OURS) if good(name)]
TYPES = [name for name in NAMES if name not in BUILTIN]
NAMES_IN_LIST = 12   # Of one struct, parameter list or actor.
LINES_IN_FILE = 200


def numbered(names, indent="  "):
    return [f"{indent}int32 {name} = {number};" for number, name in enumerate(names, 1)]


def parameters(names, defaults=False):
    return ", ".join(f"int32 {name}" + (f" = {number}" if defaults else "") for number, name in enumerate(names))


def parameter(name):
    return "x" if name in NO_PARAMETERS else name


# What stands within a type: of a list of names, the lines of a declaration that is called `x`.
STATE = "  state { int32 some = 1; }"
INSIDE = {
    "field": lambda x, names: [f"struct {x} {{", *numbered(names), "}"],
    "value": lambda x, names: [f"enum {x} {{", *(f"  {name} = {n};" for n, name in enumerate(names)), "}"],
    "error_field": lambda x, names: [f"error {x} : ABORTED {{", *numbered(names), "}"],
    "oneof": lambda x, names: [f"struct {x} {{", *(f"  oneof {name} {{ int32 only{n}x = {n}; }}"
                                                    for n, name in enumerate(names, 1)), "}"],
    "alternative": lambda x, names: [f"struct {x} {{ oneof one_of_them {{", *numbered(names), "} }"],
    "state_field": lambda x, names: [f"actor {x}(string id) {{ state {{", *numbered(names), "} }"],
    "event_field": lambda x, names: [f"actor {x}(string id) {{", "  event Happened {", *numbered(names, "    "), "  }",
                                     "}"],
    "key": lambda x, names: [f"actor {x}({parameters(names)}) {{ rpc Get(); }}"],
    "parameter": lambda x, names: [f"actor {x}(string id) {{", f"  rpc Call({parameters(names)}) -> string;", "}"],
    "default": lambda x, names: [f"actor {x}(string id) {{", f"  rpc Call({parameters(names, True)});", "}"],
    "filter_parameter": lambda x, names: [f"actor {x}(string id) {{", STATE,
                                          f"  filter Open({parameters(names)}) = true;", "}"],
    "view_parameter": lambda x, names: [f"actor {x}(string id) {{", STATE,
                                        f"  view Part({parameters(names, True)}) {{ some; }}", "}"],
    "method": lambda x, names: [f"actor {x}(string id) {{",
                                *(f"  rpc {name}(int32 {parameter(name)});" for name in names), "}"],
    "event": lambda x, names: [f"actor {x}(string id) {{", *(f"  event {name};" for name in names), "}"],
    "filter": lambda x, names: [f"actor {x}(string id) {{", STATE,
                                *(f"  filter {name} = true;" for name in names), "}"],
    "view": lambda x, names: [f"actor {x}(string id) {{", STATE,
                              *(f"  view {name} {{ some; }}" for name in names), "}"],
    "reminder": lambda x, names: [f"actor {x}(string id) [persist] {{",
                                  *(f"  reminder {name}(int32 {parameter(name)});" for name in names), "}"],
    "reminder_parameter": lambda x, names: [f"actor {x}(string id) [persist] {{",
                                            f"  reminder Due({parameters(names)});", "}"],
    "timer": lambda x, names: [f"actor {x}(string id) {{", *(f"  timer {name} = 5m;" for name in names), "}"],
}
PARAMETERS = {"key", "parameter", "default", "filter_parameter", "view_parameter", "reminder_parameter"}


def own(kind, name):
    """An actor that has everything called like the type."""
    x = parameter(name)
    key = f"{name} {x}" if kind == "enum" else "string id"
    return [f"actor Own{form(name)}s({key}) [persist] {{", f"  state {{ {name} {name} = 1; }}",
            f"  rpc {name}({name} {x}, list<{name}> many) -> {name};", f"  event {name} {{ {name} {name} = 1; }}",
            f"  reminder Remind{form(name)}({name} {x});",
            f"  filter Is{form(name)}({name} {x}) = true;", f"  view Of{form(name)}({name} {x}) {{ {name}; }}", "}"]


# Every name as a type: the lines of a declaration.
KINDS = {
    "struct": lambda name: [f"struct {name} {{ optional {name} {name} = 1; }}"],
    "enum": lambda name: [f"enum {name} {{ {name} = 0; }}", f"struct Has{form(name)}Of {{ {name} {name} = 1; }}"],
    "error": lambda name: [f"error {name} : NOT_FOUND {{ int32 {name} = 1; }}"],
    "actor": lambda name: [f"actor {name}(int32 {parameter(name)}) {{ rpc {name}(); event {name}Event; }}"],
    "own_struct": lambda name: KINDS["struct"](name) + own("struct", name),
    "own_enum": lambda name: [f"enum {name} {{ {name} = 0; }}"] + own("enum", name),
}


def chunks(names, size):
    """Lists of at most that many names, without two of the same form."""
    for names in scopes(names):
        for at in range(0, len(names), size):
            yield names[at:at + size]


def declarations(every):
    """Pairs of a package and the lines of a declaration in it; those of one package may share a file."""
    positions = [*INSIDE, *KINDS, "package"]

    def chosen(position, names):
        at = positions.index(position)
        return [name for i, name in enumerate(names) if (i + at) % every == 0]

    for position, write in INSIDE.items():
        names = [name for name in chosen(position, NAMES) if position not in PARAMETERS or name not in NO_PARAMETERS]
        for n, some in enumerate(chunks(names, NAMES_IN_LIST)):
            yield "names.inside", write(f"Some{position.replace('_', '')}{n}", some)
    for kind, write in KINDS.items():
        names = [name for name in chosen(kind, OURS if kind.startswith("own") else TYPES) if name in TYPES]
        if kind == "actor":
            names = [name for name in names if name != "TrackedState"]  # It is generated for an actor `Tracked`.
        for n, some in enumerate(scopes(names)):
            for name in some:
                yield f"names.{kind}s{n}", write(name)
    for n, some in enumerate(chunks(chosen("package", TYPES), 40)):  # Protobuf's packages have at most 511 characters.
        yield ".".join(some), ["struct Some { int32 some = 1; }",
                               "actor Any(string id) { state { Some some = 1; } rpc Get() -> Some; }"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    texts = []
    package = None
    for wanted, lines in declarations(options.every):
        if wanted != package or texts[-1].count("\n") > LINES_IN_FILE:
            texts.append(f"package {wanted};\n\n")
            package = wanted
        texts[-1] += "\n".join(lines) + "\n"
    files = {f"names_{n}.actor": text for n, text in enumerate(texts)}
    files["hostile_macros.h"] = "".join(
        [f"#include <{header}>\n" for header in HEADERS] + [f'#include "onager/{header}"\n' for header in LIBRARY] +
        [f"#undef {name}\n#define {name} this is the macro ) {name}\n" for name in MACROS])
    for old in options.out.glob("names_*.actor"):
        old.unlink()
    for name, text in files.items():
        (options.out / name).write_text(text)
    print(len(texts))


main()
