#include "codegen/cpp_import/prelude.h"

namespace onager::codegen {
namespace {

// As in runtime/include/onager; a test compiles the same expressions with the real ones.
constexpr std::string_view kPrelude = R"cpp(
  namespace onager {
#ifndef ONAGER_BYTES_H_
  struct Bytes : std::string {
    using std::string::string;
    Bytes() = default;
    explicit Bytes(std::string bytes);
  };
#endif
#ifndef ONAGER_UUID_H_
  class Uuid {
   public:
    constexpr Uuid() = default;
    static std::optional<Uuid> Parse(std::string_view text);
    std::string ToString() const;
    constexpr bool is_nil() const { return true; }
    friend bool operator==(const Uuid&, const Uuid&);
    friend bool operator<(const Uuid&, const Uuid&);
    friend bool operator>(const Uuid&, const Uuid&);
    friend bool operator<=(const Uuid&, const Uuid&);
    friend bool operator>=(const Uuid&, const Uuid&);
  };
#endif
#ifndef ONAGER_GENERATED_ELEMENT_H_
  namespace generated {
  template <typename K>
  using KeyView = std::conditional_t<std::is_convertible_v<const K&, std::string_view>, std::string_view, K>;
  template <typename M>
  struct MemberTraits;
  template <typename C, typename F>
  struct MemberTraits<F C::*> {
    using Type = F;
  };
  }  // namespace generated
#endif
  namespace generated {
  template <typename T>
  struct ReadIterator {
    using value_type = std::remove_cvref_t<T>;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = T;
    using iterator_category = std::input_iterator_tag;
    T operator*() const;
    pointer operator->() const;
    ReadIterator& operator++();
    ReadIterator operator++(int);
    friend bool operator==(const ReadIterator&, const ReadIterator&);
  };
  }  // namespace generated
#ifndef ONAGER_KEYED_LIST_H_
  template <typename T, auto Key>
  class KeyedList {
   public:
    using value_type = T;
    using key_type = typename generated::MemberTraits<decltype(Key)>::Type;
    using KeyView = generated::KeyView<key_type>;
    using const_iterator = generated::ReadIterator<const T&>;
    using iterator = const_iterator;
    std::size_t size() const;
    bool empty() const;
    const_iterator begin() const;
    const_iterator end() const;
    const T& front() const;
    const T& back() const;
    const T* Find(const KeyView& key) const;
    bool contains(const KeyView& key) const;
    friend bool operator==(const KeyedList&, const KeyedList&);
  };
#endif
#ifndef ONAGER_MAP_H_
  template <typename K, typename V>
  class Map {
   public:
    using key_type = K;
    using mapped_type = V;
    using KeyView = generated::KeyView<K>;
    using const_iterator = generated::ReadIterator<std::pair<const K&, const V&>>;
    using iterator = const_iterator;
    std::size_t size() const;
    bool empty() const;
    const_iterator begin() const;
    const_iterator end() const;
    const V* Find(const KeyView& key) const;
    bool contains(const KeyView& key) const;
    friend bool operator==(const Map&, const Map&);
  };
#endif
#ifndef ONAGER_SET_H_
  template <typename T>
  class Set {
   public:
    using value_type = T;
    using ElementView = generated::KeyView<T>;
    using const_iterator = generated::ReadIterator<const T&>;
    using iterator = const_iterator;
    std::size_t size() const;
    bool empty() const;
    const_iterator begin() const;
    const_iterator end() const;
    bool contains(const ElementView& element) const;
    friend bool operator==(const Set&, const Set&);
  };
#endif
#ifndef ONAGER_BOX_H_
  template <typename T>
  class Box {
   public:
    using value_type = T;
    bool has_value() const;
    explicit operator bool() const;
    const T& operator*() const;
    const T* operator->() const;
    const T& value() const;
    friend bool operator==(const Box&, const Box&);
  };
#endif
#ifndef ONAGER_GENERATED_PREVIOUS_H_
  namespace generated {
  struct StructChange;
  }  // namespace generated
  template <typename T>
  class Previous;
  template <typename T>
  class PreviousOptional {
   public:
    bool has_value() const;
    explicit operator bool() const;
    Previous<T> operator*() const;
    const Previous<T>* operator->() const;
    Previous<T> value() const;
  };
  namespace generated {
  template <typename T>
  auto PreviousElement() {
    if constexpr (requires { sizeof(Previous<T>); }) {
      return PreviousOptional<T>();
    } else {
      return static_cast<const T*>(nullptr);
    }
  }
  }  // namespace generated
  template <typename T, auto Key>
  class PreviousKeyedList {
   public:
    using KeyView = typename KeyedList<T, Key>::KeyView;
    std::size_t size() const;
    bool empty() const;
    bool contains(const KeyView& key) const;
    auto Find(const KeyView&) const { return generated::PreviousElement<T>(); }
  };
  template <typename K, typename V>
  class PreviousMap {
   public:
    using KeyView = typename Map<K, V>::KeyView;
    std::size_t size() const;
    bool empty() const;
    bool contains(const KeyView& key) const;
    auto Find(const KeyView&) const { return generated::PreviousElement<V>(); }
  };
  template <typename T>
  class PreviousSet {
   public:
    using ElementView = typename Set<T>::ElementView;
    std::size_t size() const;
    bool empty() const;
    bool contains(const ElementView& element) const;
  };
#endif
  }  // namespace onager
)cpp";

}  // namespace

std::string_view Prelude() { return kPrelude; }

}  // namespace onager::codegen
