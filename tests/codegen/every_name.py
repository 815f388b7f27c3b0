#!/usr/bin/env python3
"""Writes .actor files in which every hard name stands in every position that a name can have.

  every_name.py DIR

A name can be one type of a package only, so there is a file for each kind of type, and one for the positions
that are inside of types. Names that differ only in case and underscores, which one scope may not hold, share no
file. `hostile_macros.h` defines the macros as what nothing compiles with, behind all headers that generated code
includes; `every_name.cc` has all of it in one unit.
"""
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
generated/state_impl.h generated/state_support.h set.h stream.h stream_call.h uuid.h version.h view.h
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
AfterCommit OnActivate OnDeactivate OnTimer std absl onager google generated internal testing T Turn Task Actor ActorBase ActorType Bytes Call CallOptions Change
Changed Channel Client Describe Dispatch DispatchStreamed Emit EmitEvent Field Filter FromBytes Kind Map Migrate Mutable
Observation Observe Parse Patch Previous PreviousStruct Replica Request Result Selection Set SetAlternative Status
StatusOr StructOps ToBytes ToStatus ToString Tracked TrackedState TrackedStruct Type Uuid Value View Watch actor
actor_type arguments change change_ channel cleared client container event fields handle kCode kNumber kTypeUrl keys
message method name now options out parameters parsed pending reader request result results service state_interface
string_view streams text type update value variant writer
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
# Accessors of each other cannot be fields of one struct, and there is a struct of its own for them.
TYPES = [name for name in NAMES if name not in BUILTIN]
# For positions that cost the compiler a class each: one in five of those that C++ and its macros have, which are
# looked up in one table, and all that could meet what is generated there.
FEWER = [name for name in dict.fromkeys((KEYWORDS + MACROS)[::5] + OURS) if good(name)]


def file(package, lines):
    return f"package {package};\n\n" + "\n".join(lines) + "\n"


def members(names, indent="  "):
    return [f"{indent}int32 {name} = {number};" for number, name in enumerate(names, 1)]


def inside():
    """Every position that is within a type."""
    lines = []
    for n, names in enumerate(scopes(NAMES)):
        lines += [f"struct Fields{n} {{", *members(names), "}"]
        lines += [f"enum Values{n} {{", *(f"  {name} = {number};" for number, name in enumerate(names)), "}"]
        lines += [f"error Failed{n} : ABORTED {{", *members(names), "}"]
        lines += [f"struct Oneofs{n} {{"]
        for number, name in enumerate(names, 1):
            lines += [f"  oneof {name} {{ int32 only{number}x = {number}; }}"]
        lines += ["}"]
        lines += [f"struct Alternatives{n} {{", "  oneof one_of_them {", *members(names, "    "), "  }", "}"]
        parameters = ", ".join(f"int32 {name}" for name in names if name not in NO_PARAMETERS)
        defaults = ", ".join(f"int32 {name} = {number}" for number, name in enumerate(names)
                             if name not in NO_PARAMETERS)
        lines += [f"actor Owner{n}({parameters}) {{", "  state {", *members(names, "    "), "  }",
                  f"  rpc Plain({parameters}) throws Failed{n};", f"  rpc WithDefaults({defaults}) -> string;",
                  f"  event Happened {{", *members(names, "    "), "  }",
                  f"  filter Open({parameters}) = true;", f"  view Part({defaults}) {{ {names[0]}; }}", "}"]
    for n, names in enumerate(scopes(FEWER)):
        lines += [f"actor Methods{n}(string id) {{"]
        lines += [f"  rpc {name}(int32 {'x' if name in NO_PARAMETERS else name});" for name in names]
        lines += ["}"]
        for kind, body in (("Events", "event {0};"), ("Filters", "filter {0} = true;"),
                           ("Views", "view {0} {{ some; }}"), ("Timers", "timer {0} = 5m;")):
            lines += [f"actor {kind}{n}(string id) {{", "  state { int32 some = 1; }"]
            lines += ["  " + body.format(name) for name in names]
            lines += ["}"]
    return lines


def types(kind):
    """Every name as a type of that kind, and as what has that type."""
    for names in scopes(TYPES if kind != "actor" else [name for name in FEWER if name not in BUILTIN]):
        lines = []
        for name in names:
            parameter = "x" if name in NO_PARAMETERS else name
            if kind == "struct":
                lines += [f"struct {name} {{ optional {name} {name} = 1; }}"]
            elif kind == "enum":
                lines += [f"enum {name} {{ {name} = 0; }}", f"struct Has{form(name)}Of {{ {name} {name} = 1; }}"]
            elif kind == "error":
                lines += [f"error {name} : NOT_FOUND {{ int32 {name} = 1; }}"]
            elif name != "TrackedState":  # It is generated for an actor `Tracked`.
                lines += [f"actor {name}(int32 {parameter}) {{ rpc {name}() ; event {name}Event; }}"]
        if kind in ("struct", "enum"):
            # As a member of everything else that has the same name.
            for name in [name for name in names if name in OURS][::3]:
                parameter = "x" if name in NO_PARAMETERS else name
                key = f"{name} {parameter}" if kind == "enum" else "string id"
                lines += [f"actor Own{form(name)}s({key}) {{", f"  state {{ {name} {name} = 1; }}",
                          f"  rpc {name}({name} {parameter}, list<{name}> many) -> {name};",
                          f"  event {name} {{ {name} {name} = 1; }}",
                          f"  filter Is{form(name)}({name} {parameter}) = true;",
                          f"  view Of{form(name)}({name} {parameter}) {{ {name}; }}", "}"]
        yield lines


def main():
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    written = {"inside_names": file("names.inside", inside())}
    for n, at in enumerate(range(0, len(TYPES), 50)):  # Protobuf's packages have at most 511 characters.
        written[f"package_names_{n}"] = file(".".join(TYPES[at:at + 50]), [
            "struct Some { int32 some = 1; }", "actor Any(string id) { state { Some some = 1; } rpc Get() -> Some; }"])
    for kind in ("struct", "enum", "error", "actor"):
        for n, lines in enumerate(types(kind)):
            written[f"{kind}_names_{n}"] = file(f"names.{kind}_names_{n}", lines)
    files = {f"{name}.actor": text for name, text in written.items()}
    files["hostile_macros.h"] = "".join(
        [f"#include <{header}>\n" for header in HEADERS] + [f'#include "onager/{header}"\n' for header in LIBRARY] +
        [f"#undef {name}\n#define {name} this is the macro ) {name}\n" for name in MACROS])
    files["every_name.cc"] = "".join(f'#include "{name}.actor.cc"\n' for name in written)
    for name, text in files.items():
        path = out / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    print(";".join(written), end="")


main()
