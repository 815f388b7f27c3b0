#ifndef ONAGER_CODEGEN_VIEW_CPP_OBSERVABLES_H_
#define ONAGER_CODEGEN_VIEW_CPP_OBSERVABLES_H_

#include <string>
#include <string_view>
#include <vector>

#include "codegen/view/cpp_actors.h"
#include "codegen/view/cpp_includes.h"
#include "codegen/view/cpp_names.h"
#include "codegen/view/cpp_types.h"
#include "codegen/view/name_scope.h"
#include "codegen/view/node.h"
#include "idl/model/model.h"

namespace onager::codegen {

// The views of an actor's filters and views: the functions that their expressions stand in, what of the state
// a view selects, and what makes one for a client. Refers to what it is made with.
class CppObservables {
 public:
  CppObservables(const idl::Model& model, const CppNames& names, const CppTypes& types, CppActors& actors,
                 CppIncludes& source_includes)
      : model_(model),
        names_(names),
        types_(types),
        actors_(actors),
        source_includes_(source_includes),
        functions_(&names.types()) {}

  // Adds `filters`, `views` and what goes with them to the actor's view.
  void AddTo(Node& actor_view, idl::ActorId id);

 private:
  Node Filter(const idl::Actor& actor, const ActorNames& names, const idl::Filter& filter,
              const QueryNames& own);
  Node View(const idl::Actor& actor, const ActorNames& names, const idl::View& view, const QueryNames& own);

  // A function around an expression. `arguments` are those that come before the key and the parameters: how
  // each is declared, and its name in the expression.
  struct Argument {
    std::string type;
    std::string name;
  };
  // Qualified where a local variable hides it.
  [[nodiscard]] std::string TypeOfLocal(idl::TypeId type, const NameScope& locals) const;
  Node Function(const std::string& name, std::string doc, const idl::Expression& expression,
                std::vector<Argument> arguments, const std::string& key,
                const std::vector<idl::Parameter>& parameters, const QueryNames& own);

  // What is known while a view's selection is written.
  struct ViewContext {
    const idl::View& view;
    const QueryNames& own;
    const std::string& key;
    Node::List functions;
  };
  // What each element for which a `where` holds has in common with the view's parameters, as a type:
  // `onager::generated::WhereEqual<&TodoListMineView::user, &Item::owner>`. Empty when nothing is known.
  // `map` is null for a list.
  std::string EqualityOf(const idl::Expression& where, idl::TypeId element, const idl::MapType* map,
                         const ViewContext& context) const;
  std::string EqualityOf(const std::vector<std::string_view>& path, std::string_view parameter,
                         idl::TypeId element, const idl::MapType* map, const ViewContext& context) const;
  // The template arguments behind the first one: `onager::generated::Whole<&Item::id>`, with lines broken.
  std::vector<std::string> Parts(const idl::Members& members, const MemberNames& names,
                                 const std::string& owner, const std::vector<idl::Selection>& selection,
                                 const std::string& path, size_t indent, ViewContext& context);

  const idl::Model& model_;
  const CppNames& names_;
  const CppTypes& types_;
  CppActors& actors_;
  CppIncludes& source_includes_;
  NameScope functions_;
};

}  // namespace onager::codegen

#endif  // ONAGER_CODEGEN_VIEW_CPP_OBSERVABLES_H_
