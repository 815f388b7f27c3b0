#include "codegen/view/cpp_identifier.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "absl/strings/ascii.h"
#include "codegen/text/text.h"

namespace onager::codegen {
namespace {

// Both tables are sorted by byte values.
// clang-format off
// Keywords up to C++26, alternative tokens, and what compilers add.
constexpr std::string_view kKeywords[] = {
    "alignas", "alignof", "and", "and_eq", "asm", "atomic_cancel", "atomic_commit", "atomic_noexcept", "auto",
    "bitand", "bitor", "bool", "break", "case", "catch", "char", "char16_t", "char32_t", "char8_t", "class",
    "co_await", "co_return", "co_yield", "compl", "concept", "const", "const_cast", "consteval", "constexpr",
    "constinit", "continue", "contract_assert", "decltype", "default", "delete", "do", "double",
    "dynamic_cast", "else", "enum", "explicit", "export", "extern", "false", "float", "for", "friend", "goto",
    "if", "inline", "int", "long", "mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr",
    "operator", "or", "or_eq", "private", "protected", "public", "reflexpr", "register", "reinterpret_cast",
    "requires", "restrict", "return", "short", "signed", "sizeof", "static", "static_assert", "static_cast",
    "struct", "switch", "synchronized", "template", "this", "thread_local", "throw", "true", "try", "typedef",
    "typeid", "typename", "typeof", "union", "unsigned", "using", "virtual", "void", "volatile", "wchar_t",
    "while", "xor", "xor_eq",
};

// Macros of the C and POSIX headers, of Linux's, and some that builds and other libraries like to define.
constexpr std::string_view kMacros[] = {
    "ARG_MAX", "BIG_ENDIAN", "BUFSIZ", "BYTE_ORDER", "CHAR_BIT", "CHAR_MAX", "CHAR_MIN", "CHECK",
    "CLOCKS_PER_SEC", "DBL_DIG", "DBL_EPSILON", "DBL_MAX", "DBL_MIN", "DCHECK", "DEBUG", "DECIMAL_DIG",
    "DOMAIN", "E2BIG", "EACCES", "EADDRINUSE", "EADDRNOTAVAIL", "EAFNOSUPPORT", "EAGAIN", "EALREADY", "EBADE",
    "EBADF", "EBADFD", "EBADMSG", "EBADR", "EBADRQC", "EBADSLT", "EBUSY", "ECANCELED", "ECHILD", "ECHO",
    "ECHRNG", "ECOMM", "ECONNABORTED", "ECONNREFUSED", "ECONNRESET", "EDEADLK", "EDEADLOCK", "EDESTADDRREQ",
    "EDOM", "EDQUOT", "EEXIST", "EFAULT", "EFBIG", "EHOSTDOWN", "EHOSTUNREACH", "EIDRM", "EILSEQ",
    "EINPROGRESS", "EINTR", "EINVAL", "EIO", "EISCONN", "EISDIR", "ELOOP", "EMFILE", "EMLINK", "EMSGSIZE",
    "EMULTIHOP", "ENAMETOOLONG", "ENETDOWN", "ENETRESET", "ENETUNREACH", "ENFILE", "ENOBUFS", "ENODATA",
    "ENODEV", "ENOENT", "ENOEXEC", "ENOLCK", "ENOLINK", "ENOMEM", "ENOMSG", "ENOPROTOOPT", "ENOSPC", "ENOSR",
    "ENOSTR", "ENOSYS", "ENOTCONN", "ENOTDIR", "ENOTEMPTY", "ENOTRECOVERABLE", "ENOTSOCK", "ENOTSUP",
    "ENOTTY", "ENXIO", "EOF", "EOPNOTSUPP", "EOVERFLOW", "EOWNERDEAD", "EPERM", "EPIPE", "EPROTO",
    "EPROTONOSUPPORT", "EPROTOTYPE", "ERANGE", "EROFS", "ERROR", "ESHUTDOWN", "ESPIPE", "ESRCH", "ESTALE", "ETIME",
    "ETIMEDOUT", "ETXTBSY", "EUSERS", "EWOULDBLOCK", "EXDEV", "EXIT_FAILURE", "EXIT_SUCCESS", "FALSE",
    "FD_CLR", "FD_ISSET", "FD_SET", "FD_SETSIZE", "FD_ZERO", "FILENAME_MAX", "FLT_DIG", "FLT_EPSILON",
    "FLT_MAX", "FLT_MIN", "FLT_RADIX", "FOPEN_MAX", "F_OK", "HOST_NAME_MAX", "HUGE", "HUGE_VAL", "HUGE_VALF",
    "HUGE_VALL", "INFINITY", "INT16_MAX", "INT16_MIN", "INT32_MAX", "INT32_MIN", "INT64_MAX", "INT64_MIN",
    "INT8_MAX", "INT8_MIN", "INTMAX_MAX", "INTMAX_MIN", "INTPTR_MAX", "INTPTR_MIN", "INT_MAX", "INT_MIN",
    "IOV_MAX", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES", "LC_MONETARY", "LC_NUMERIC", "LC_TIME",
    "LDBL_EPSILON", "LDBL_MAX", "LDBL_MIN", "LIKELY", "LITTLE_ENDIAN", "LLONG_MAX", "LLONG_MIN", "LOCK_EX",
    "LOCK_NB", "LOCK_SH", "LOCK_UN", "LOG", "LOGIN_NAME_MAX", "LONG_MAX", "LONG_MIN", "L_tmpnam", "MAX",
    "MAXFLOAT", "MB_CUR_MAX", "MIN", "M_E", "M_LN10", "M_LN2", "M_LOG10E", "M_LOG2E", "M_PI", "M_PI_2",
    "M_PI_4", "M_SQRT1_2", "M_SQRT2", "NAME_MAX", "NAN", "NDEBUG", "NSIG", "NULL", "OVERFLOW", "O_APPEND",
    "O_CREAT", "O_EXCL", "O_NONBLOCK", "O_RDONLY", "O_RDWR", "O_SYNC", "O_TRUNC", "O_WRONLY", "PATH_MAX",
    "PCHECK", "PDP_ENDIAN", "PIPE_BUF", "PLOSS", "PTRDIFF_MAX", "PTRDIFF_MIN", "RAND_MAX", "R_OK",
    "SCHAR_MAX", "SCHAR_MIN", "SEEK_CUR", "SEEK_END", "SEEK_SET", "SHRT_MAX", "SHRT_MIN", "SIGABRT",
    "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT", "SIGIO", "SIGKILL",
    "SIGPIPE", "SIGPOLL", "SIGPROF", "SIGPWR", "SIGQUIT", "SIGRTMAX", "SIGRTMIN", "SIGSEGV", "SIGSTOP",
    "SIGSYS", "SIGTERM", "SIGTRAP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGUSR1", "SIGUSR2",
    "SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ", "SIG_DFL", "SIG_ERR", "SIG_IGN", "SING", "SIZE_MAX",
    "SSIZE_MAX", "STDERR_FILENO", "STDIN_FILENO", "STDOUT_FILENO", "TIME_UTC", "TLOSS", "TMP_MAX", "TRUE",
    "UCHAR_MAX", "UINT16_MAX", "UINT32_MAX", "UINT64_MAX", "UINT8_MAX", "UINTMAX_MAX", "UINTPTR_MAX",
    "UINT_MAX", "ULLONG_MAX", "ULONG_MAX", "UNDERFLOW", "UNLIKELY", "USHRT_MAX", "VLOG", "WCHAR_MAX",
    "WCHAR_MIN", "W_OK", "X_OK", "alloca", "assert", "errno", "fpclassify", "getc", "h_addr", "i386",
    "isfinite", "isinf", "isnan", "isnormal", "linux", "longjmp", "major", "makedev", "minor", "offsetof",
    "putc", "s6_addr", "sa_handler", "sa_sigaction", "setjmp", "si_addr", "si_band", "si_fd", "si_pid",
    "si_status", "si_uid", "si_value", "sigmask", "signbit", "sigsetjmp", "st_atime", "st_ctime", "st_mtime",
    "stderr", "stdin", "stdout", "strdupa", "strndupa", "unix", "va_arg", "va_copy", "va_end", "va_start",
};
// clang-format on

template <size_t N>
bool Contains(const std::string_view (&table)[N], std::string_view name) {
  return std::binary_search(std::begin(table), std::end(table), name);
}

// Namespaces that generated code names; declared inside a package they would be found first.
bool HidesOurNamespaces(std::string_view component) {
  return component == "std" || component == "absl" || component == "onager";
}

std::string OctalEscape(unsigned char byte) {
  const auto digit = [byte](int shift) { return static_cast<char>('0' + (byte >> shift & 7)); };
  return {'\\', digit(6), digit(3), digit(0)};
}

}  // namespace

std::string CppIdentifier(std::string_view name) {
  const bool reserved =
      Contains(kKeywords, name) || Contains(kMacros, name) || HidesOurNamespaces(name) ||
      (!name.ends_with('_') && (name.starts_with("ABSL_") || name.starts_with("ONAGER_") ||
                                name.starts_with("PROTOBUF_") || name.starts_with("GOOGLE_")));
  return Cat(name, reserved ? "_" : "");
}

std::string CppNamespace(std::string_view package) {
  std::vector<std::string> components;
  for (const std::string_view component : Split(package, '.')) {
    components.push_back(CppIdentifier(component));
  }
  return Join(components, "::");
}

std::string CppStringLiteral(std::string_view text) {
  std::string literal = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"':
        literal += "\\\"";
        break;
      case '\\':
        literal += "\\\\";
        break;
      case '\n':
        literal += "\\n";
        break;
      case '\t':
        literal += "\\t";
        break;
      default:
        // Three octal digits end by themselves, unlike hexadecimal ones; escaping `?` keeps trigraphs away.
        if (absl::ascii_isprint(byte) && c != '?') {
          literal += c;
        } else {
          Append(literal, OctalEscape(byte));
        }
    }
  }
  return Cat(literal, "\"");
}

}  // namespace onager::codegen
