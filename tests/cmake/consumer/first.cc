#include "first.actor.h"

std::string Text(const consumer::first::v1::First& first) { return first.text; }
