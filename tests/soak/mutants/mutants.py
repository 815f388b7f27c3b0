"""Ways to break sessions, histories, ledgers, streams and deltas: name, file, what stands there, what is put there."""

_CLIENT = "runtime/session/client_subscriptions.cc"
_CLIENT_SESSION = "runtime/session/client_session.cc"
_SERVER = "runtime/session/server_subscriptions.cc"
_READING = "runtime/session/feed_reading.cc"
_TOKEN = "runtime/session/token_check.cc"
_SERVER_SESSION = "runtime/session/server_session.cc"
_LEDGER = "runtime/session/call_ledger.cc"
_WINDOW = "runtime/session/replay_window.cc"
_WINDOW_HEADER = "runtime/session/replay_window.h"
_RECEIVER = "runtime/session/stream_receiver.cc"
_SENDER = "runtime/session/stream_sender.cc"
_SERVER_CORE = "runtime/server/server_core.cc"
_HISTORY = "runtime/actor/actor_history.cc"
_VIEW_TURN = "runtime/state/view_turn.cc"
_INDEX = "runtime/include/onager/generated/view_index.h"
_COMPOSE = "runtime/state/compose.cc"

MUTANTS = [
    # The replay window.
    ("window-covers-one-too-many", _WINDOW_HEADER, "revision >= floor_ &&", "revision + 1 >= floor_ &&"),
    ("window-keeps-twice-the-age", _WINDOW, "now - first->committed_at <= limits_.age_max",
     "now - first->committed_at <= 2 * limits_.age_max"),
    ("window-keeps-one-entry-more", _WINDOW, "entries_.size() > limits_.count_max", "entries_.size() > limits_.count_max + 1"),
    ("window-is-unbounded-in-bytes", _WINDOW, "bytes_ > limits_.bytes_max ||", "false ||"),
    ("window-floor-is-one-too-low", _WINDOW, "floor_ = entries_.front().revision;", "floor_ = entries_.front().revision - 1;"),
    ("window-replays-one-again", _WINDOW, "entry.revision <= revision", "entry.revision < revision"),
    # The client's rule.
    ("delta-may-overlap", _CLIENT, "frame.revision - frame.span != position.revision", "frame.revision - frame.span > position.revision"),
    ("delta-may-leave-a-gap", _CLIENT, "frame.revision - frame.span != position.revision", "frame.revision - frame.span < position.revision"),
    ("delta-of-any-epoch", _CLIENT, "epoch != position.epoch || frame.span == 0", "(epoch == 0 && epoch != position.epoch) || frame.span == 0"),
    ("delta-without-a-span", _CLIENT, "frame.span == 0 || frame.span > frame.revision", "frame.span > frame.revision"),
    ("delta-amid-a-snapshot", _CLIENT, "!subscription->has_position || subscription->receiving_snapshot ||\n      epoch",
     "!subscription->has_position ||\n      epoch"),
    ("snapshot-may-repeat", _CLIENT, "frame.revision <= position.revision);", "frame.revision < position.revision);"),
    ("snapshot-of-any-base", _CLIENT, "frame.base != position.revision ||", "false ||"),
    ("chunk-of-any-offset", _CLIENT, "frame.offset != subscription->partial.size() ||", "false ||"),
    ("chunk-of-any-position", _CLIENT, "subscription->partial_at != Position{frame.epoch, frame.revision} ||", "false ||"),
    ("position-is-not-offered", _CLIENT, "subscribe.binding = subscription.request.binding;", "subscribe.binding = {};"),
    ("epoch-of-resume-is-believed", _CLIENT, "!subscription->has_position || subscription->request.position.epoch != frame.epoch",
     "!subscription->has_position"),
    ("nobody-asks-again", _CLIENT, "    subscribes_due_.push_back(id);\n  }\n}", "  }\n}"),
    ("snapshot-without-a-limit", _CLIENT, "frame.total_bytes > options_.snapshot_bytes_max", "false"),
    ("lost-connection-keeps-wire-ids", _CLIENT, "for (auto& [id, subscription] : subscriptions_) ForgetWireId(subscription, /*tell_server=*/false);",
     ""),
    # The server's side.
    ("token-of-any-principal", _TOKEN, " || binding->principal != principal", ""),
    ("token-of-any-tenant", _TOKEN, "binding->tenant != tenant || ", ""),
    ("token-of-any-actor", _TOKEN, "binding->actor_type != actor.type || binding->key != actor.key", "binding->actor_type != actor.type"),
    ("token-of-any-selection", _TOKEN, "if (offered == binding) return std::nullopt;",
     "if (offered.schema_fingerprint == binding.schema_fingerprint) return std::nullopt;"),
    ("id-that-comes-again", _SERVER, "if (frame.id <= last_id_) {", "if (frame.id == 0 || subscriptions_.contains(frame.id)) {"),
    ("who-left-still-waits-for-a-tree", _SERVER, "if (waiter != last_waiter) field_tree_waiters_.erase(waiter);", "(void)last_waiter;"),
    ("who-left-is-still-dirty", _SERVER, "if (dirty_.size() > 2 * subscriptions_.size()) {", "if (false) {"),
    ("ends-wait-without-a-limit", _SERVER, "if (ended_.size() <= options_.subscriptions_max) return absl::OkStatus();",
     "if (ended_.size() < SIZE_MAX) return absl::OkStatus();"),
    ("large-steps-are-sent", _READING, "if (step.size() <= step_bytes_max) continue;", "if (step.size() < SIZE_MAX) continue;"),
    ("old-snapshot-is-not-caught-up", _SERVER, "subscription.due_through = subscription.slow_from.revision;", "subscription.due_through = 0;"),
    ("reply-overtakes-its-delta", _SERVER, "if (told && !subscription.dirty) continue;",
     "if (told || id != 0) continue;"),
    ("span-from-the-step", _SERVER, "delta.span = step.revision - shown.revision;", "delta.span = step.revision - step.base;"),
    ("rate-is-not-kept", _READING, "next_ = interval < kNever - now ? now + interval : kNever;",
     "next_ = interval < kNever - now ? now : kNever;"),
    ("rate-forgets-what-waits", _SERVER, "      waiting_.emplace(*subscription.waits_until, id);\n", "      (void)id;\n"),
    ("rate-holds-the-end-back", _READING, " || feed.ended()", ""),
    ("rate-holds-another-epoch-back", _READING, "if (head.epoch != position.epoch) return std::nullopt;", ""),
    ("silent-clients-live-for-ever", _SERVER_SESSION, "if (now >= last_received_ + kSilentHeartbeats * options_.heartbeat_interval) {",
     "if (false) {"),
    ("silent-servers-live-for-ever", _CLIENT_SESSION, "if (now >= last_received_ + peer_timeout()) {", "if (false) {"),
    ("calls-are-acknowledged-early", _CLIENT_SESSION, "calls_.begin()->first - 1;", "calls_.begin()->first;"),
    ("a-new-ledger-is-taken-for-the-old", _CLIENT_SESSION, "frame.incarnation_known && call.first_server_instance == server_instance_",
     "frame.incarnation_known"),
    # Calls.
    ("evicted-call-runs-again", _LEDGER, "const bool evicted = number <= seen_max_;", "const bool evicted = false;"),
    ("may-have-run-is-ignored", _LEDGER, "const bool unsure = evicted || may_have_run;", "const bool unsure = evicted;"),
    ("running-call-runs-twice", _LEDGER, "return {Verdict::kRunning, nullptr};", "return {Verdict::kRun, nullptr};"),
    ("ledger-without-a-limit-of-bytes", _LEDGER, "bytes_ <= limits_.bytes_max &&\n", "\n"),
    ("ledger-without-a-limit-of-age", _LEDGER, "now - oldest->second.ended_at <= limits_.age_max", "true"),
    ("what-was-not-sent-is-acknowledged", _LEDGER, "number = std::min(number, seen_max_);", ""),
    ("large-outcomes-are-kept", _LEDGER, "if (record.bytes > limits_.bytes_max) {", "if (false) {"),
    # Streams.
    ("item-twice", _RECEIVER, "if (sequence <= received_) return false;", "if (sequence < received_) return false;"),
    ("item-lost", _RECEIVER, "if (sequence != received_ + 1) {", "if (sequence < received_ + 1) {"),
    ("items-beyond-the-credit", _RECEIVER, "received_ - credit_ >= kStreamItemsMax ||", "false ||"),
    ("end-before-the-last-item", _RECEIVER, "if (items > received_) {", "if (false) {"),
    ("taken-items-are-sent-again", _SENDER, "sequence <= taken_ ||", "sequence < taken_ ||"),
    ("credit-for-what-was-not-sent", _SENDER, "if (through > last()) {", "if (through > last() + 1) {"),
    # Histories.
    ("filter-forgets-what-it-let-pass", _HISTORY, "gate->opened = revision;", "gate->opened = revision - 1;"),
    ("filter-is-asked-too-late", _HISTORY, "from < gate.since || from < gate.opened", "from < gate.opened"),
    ("steps-without-a-base", _HISTORY, "      base = entry->revision;\n    }\n    return read;", "    }\n    return read;"),
    ("composition-is-not-renewed", _HISTORY, "  view.composed.clear();\n  for", "  for"),
    ("other-epochs-are-continued", _HISTORY, "from->epoch != head_.epoch || from->revision > window.head()", "from->revision > window.head()"),
    ("positions-ahead-are-continued", _HISTORY, "from->epoch != head_.epoch || from->revision > window.head()", "from->epoch != head_.epoch"),
    ("snapshot-is-older-than-asked", _HISTORY, "view.snapshot_revision < revision_min", "view.snapshot_revision + 1 < revision_min"),
    # Composition of deltas.
    ("compose-keeps-updates-of-the-removed", _COMPOSE, "    updates_[element.update].is_dropped = true;\n    element.update = Element::kNone;\n", ""),
    ("compose-forgets-ghosts", _COMPOSE, "const bool is_ghost = element.is_inserted && element.last_reference != Element::kNone;",
     "const bool is_ghost = false;"),
    ("compose-forgets-what-was-removed", _COMPOSE, "if (!std::exchange(element.is_listed, true)) removed_.push_back(handle);",
     "element.is_listed = true;"),
    ("compose-removes-what-came-again", _COMPOSE, "    placement.replaces = true;\n    element.is_removed = false;", "    placement.replaces = true;"),
    ("compose-moves-what-others-stand-behind", _COMPOSE, "return element.last_reference != Element::kNone && element.last_reference > placement;",
     "return false;"),
    ("compose-takes-the-first-value", _COMPOSE, "    merged.value = update.whole;\n    return true;", "    if (merged.value.empty()) merged.value = update.whole;\n    return true;"),
    # Views that are found by a parameter.
    ("index-forgets-what-was", _INDEX, "state.ReadCommitted([&](const State& old) { WalkTouched<Shown>(old, *change, walk); });", ""),
    ("index-forgets-other-fields", _INDEX,
     "      walk.touched.concerns_all = true;\n    }\n  });", "      (void)value;\n    }\n  });"),
    ("index-forgets-who-came-whole", _INDEX,
     "if (element->was_present || element->is_present) walk.touched.concerns_all = true;", "(void)element;"),
    ("index-does-not-count-containers", _INDEX, "    container += IndexedPart<Part>::kContainers;\n    void* slot",
     "    void* slot"),
    ("views-look-at-elements-of-others", _VIEW_TURN, "elements[touch.container].push_back(touch.element);",
     "elements[0].push_back(touch.element);"),
    ("views-see-only-the-first-of-many", _VIEW_TURN, "{ return a.element == b.element; }", "{ return a.container == b.container; }"),
    ("hash-does-not-look-back", _VIEW_TURN, "must_look_back |= walk.Look();", "walk.Look();"),
    ("views-beyond-the-first-lot-are-forgotten", _VIEW_TURN,
     "for (auto rest = questions; !rest.empty();) rest.remove_prefix(together.AnswerPatches(rest));", "together.AnswerPatches(questions);"),
    # What gets lost and nothing follows.
    ("silence-is-no-loss", _CLIENT, "comes ? now + 2 * bookmark_interval_ + options_.peer_timeout : kNever", "kNever"),
    ("silence-is-measured-from-the-beginning", _CLIENT, "  AwaitBookmark(id, *subscription, now);\n  DeltaArrived arrived;", "  DeltaArrived arrived;"),
    ("silence-of-the-paused-counts", _CLIENT,
     "answers_due_.erase({std::exchange(subscription.answer_listed, kNever), id});", "(void)id;"),
    # Other versions of the state.
    ("oneof-forgets-what-was-there", _COMPOSE, "if (!shape.is_alternative) patch.is_cleared = false;", "patch.is_cleared = false;"),
    ("hash-of-what-the-client-does-not-know", "runtime/state/hash_walk.cc", "if (type_ == nullptr) return fields;", "return fields;"),
    ("tree-with-any-fingerprint", _SERVER, "tree.ok() && (*tree)->fingerprint() != frame.fingerprint", "false"),
    ("any-number-of-trees", _SERVER, "field_trees_.size() < kFieldTreesMax", "true"),
    ("token-of-another-common-part", _SERVER,
     "agrees ? common->fingerprint : schema_fingerprint;\n  const std::uint64_t theirs = agrees ? common->fingerprint :",
     "agrees ? 1 : schema_fingerprint;\n  const std::uint64_t theirs = agrees ? 1 :"),
    # What slow readers cost.
    ("slow-subscription-goes-on", _SERVER, "if (!IsTooMuch(lag)) return false;", "if (!lag.lost || !IsTooMuch(lag)) return false;"),
    ("slow-is-who-was-held-back", _SERVER, "if (subscription.is_filtered || IsTooMuch", "if (IsTooMuch"),
    ("slow-is-who-resumes", _SERVER, "if (subscription.ends_when_slow) subscription.slow_from = read.at;",
     "if (subscription.ends_when_slow) subscription.slow_from = *subscription.shown;"),
    ("snapshots-of-a-session-are-unbounded", _SERVER, "<= options_.session_bytes_max;", "< SIZE_MAX;"),
    ("dropped-events-are-guessed", _SERVER, "*snapshot.events_through, *subscription.events_through) -",
     "*snapshot.events_through, *subscription.events_through) - 1 -"),
    ("bytes-of-the-first-entry-do-not-wait", _WINDOW, "first->bytes_through) + first->size();", "first->bytes_through);"),
    ("server-holds-what-it-likes", _SERVER_CORE, "if (held_bytes <= options_.held_bytes_max) break;", "break;"),
    ("server-cuts-off-the-lightest", _SERVER_CORE, "return a.first > b.first;", "return a.first < b.first;"),
    ("server-cuts-off-who-reads", _SERVER_CORE, "held.unread_for >= options_.session.heartbeat_interval", "held.bytes > 0"),
]
