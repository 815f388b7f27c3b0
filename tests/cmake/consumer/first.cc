#include "first.actor.h"

std::string Text(const consumer::first::v1::First& first) {
  return first.text + std::to_string(first.shared.count + first.at.x);
}
