#ifndef ONAGER_GENERATED_SERVER_SUPPORT_H_
#define ONAGER_GENERATED_SERVER_SUPPORT_H_

// All that a generated server skeleton includes.
#include "onager/generated/actor_base.h"
#include "onager/generated/actor_key.h"
#include "onager/generated/actor_type.h"
#include "onager/task.h"
#include "onager/turn.h"

#endif  // ONAGER_GENERATED_SERVER_SUPPORT_H_
