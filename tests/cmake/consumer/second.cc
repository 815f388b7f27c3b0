#include "second.actor.h"

int Number(const consumer::second::v1::Second& second) { return second.number; }
