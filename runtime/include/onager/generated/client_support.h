#ifndef ONAGER_GENERATED_CLIENT_SUPPORT_H_
#define ONAGER_GENERATED_CLIENT_SUPPORT_H_

// All that a generated client stub includes.
#include "onager/call.h"
#include "onager/call_options.h"
#include "onager/client.h"
#include "onager/error.h"
#include "onager/generated/actor_key.h"
#include "onager/generated/actor_type.h"
#include "onager/generated/channel.h"
#include "onager/observe.h"
#include "onager/past.h"

#endif  // ONAGER_GENERATED_CLIENT_SUPPORT_H_
