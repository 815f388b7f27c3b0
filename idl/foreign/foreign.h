#ifndef ONAGER_IDL_FOREIGN_FOREIGN_H_
#define ONAGER_IDL_FOREIGN_FOREIGN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "idl/model/model.h"
#include "idl/source/source_map.h"
#include "idl/source/source_range.h"

// The port to a C++ compiler: what do these C++ types look like, do these expressions type-check? Ranges
// point into the `.actor` file or into C++ headers, whose texts the implementation adds to the SourceMap.
namespace onager::idl {

enum class ForeignKind : uint8_t { kStruct, kEnum, kFunction };

// One item of an `import cpp` block.
struct ForeignName {
  ForeignKind kind = ForeignKind::kStruct;
  std::string cpp_name;  // "geo::Point"
  uint32_t header = 0;   // index into ForeignQuery::headers
  SourceRange range;     // of the name in the `.actor` file
};

struct ForeignQuery {
  std::vector<CppHeader> headers;
  std::vector<ForeignName> names;
};

// The type of a C++ field, in terms of what it is on the wire.
struct ForeignType {
  enum class Kind : uint8_t {
    kScalar,
    kEnum,      // `cpp_name`
    kStruct,    // `cpp_name`
    kOptional,  // one argument
    kList,      // one: std::vector, std::array, std::deque, std::list
    kSet,       // one: std::set, std::unordered_set
    kMap,       // two: std::map, std::unordered_map
    kOneof,     // std::variant<std::monostate, ...>: the other alternatives
    kOther,     // nothing that travels; `reason` says why
  };
  Kind kind = Kind::kOther;
  ScalarKind scalar = ScalarKind::kBool;  // std::chrono: kTimestamp and kDuration
  std::string cpp_name;                   // canonical, qualified from the global namespace without leading ::
  std::vector<ForeignType> arguments;
  std::string spelling;  // as the header has it, for messages
  std::string reason;
};

struct ForeignField {
  std::string name;
  ForeignType type;
  SourceRange range;  // in the header
};

struct ForeignEnumValue {
  std::string name;
  int64_t number = 0;
  SourceRange range;
};

// What a name of the query stands for; `found` is false when a diagnostic says what is wrong with it.
struct ForeignEntity {
  bool found = false;
  std::string cpp_name;                  // canonical
  SourceRange range;                     // of its declaration in the header
  std::vector<ForeignField> fields;      // of a struct: the public ones, those of bases first
  std::vector<ForeignEnumValue> values;  // of an enum, in its order
};

struct ForeignNote {
  SourceRange range;
  std::string message;
};

// A complaint of the C++ compiler, or about a C++ type or expression, at its place.
struct ForeignDiagnostic {
  enum class Kind : uint8_t {
    kSetup,       // there is no usable libclang, or its headers are missing
    kHeader,      // a header does not compile, or is not found
    kName,        // a name of the query is not there, or is something else
    kExpression,  // an expression does not compile, or has the wrong type
    kImpure,      // an expression does what it may not
  };
  Kind kind = Kind::kExpression;
  SourceRange range;
  std::string message;     // lower case, no full stop
  std::string suggestion;  // a name that may have been meant, or empty
  std::vector<ForeignNote> notes;
};

struct ForeignAnswer {
  std::vector<ForeignEntity> entities;  // one for each name of the query, in its order
  std::vector<ForeignDiagnostic> diagnostics;
};

class ForeignCompiler {
 public:
  virtual ~ForeignCompiler() = default;

  // Finds the names in their headers. One parse, whatever their number.
  virtual ForeignAnswer Reflect(const ForeignQuery& query, SourceMap& sources) = 0;

  // Checks all filters, `where`s and default expressions of the files of `model` for which `is_checked` (one
  // flag for each of Model::files) is true. One parse, whatever their number. Empty: all is well.
  virtual std::vector<ForeignDiagnostic> CheckExpressions(const Model& model,
                                                          const std::vector<bool>& is_checked,
                                                          SourceMap& sources) = 0;

  // Every file that was opened so far, sorted, each once: for depfiles.
  [[nodiscard]] virtual std::vector<std::string> opened_files() const = 0;
};

}  // namespace onager::idl

#endif  // ONAGER_IDL_FOREIGN_FOREIGN_H_
