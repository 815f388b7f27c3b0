#include "runtime/store/postgres/lanes.h"

#include <utility>

namespace onager::store::postgres {

Lanes::Lane& Lanes::At(const ActorId& actor) {
  std::unique_ptr<Lane>& lane = lanes_[actor];
  if (lane == nullptr) lane = std::make_unique<Lane>();
  return *lane;
}

void Lanes::List(const ActorId& actor, Lane& lane) {
  if (std::exchange(lane.is_listed, true)) return;
  listed_.push_back(actor);
}

void Lanes::Add(const ActorId& actor, Request request) {
  Lane& lane = At(actor);
  lane.waiting.push_back(std::move(request));
  List(actor, lane);
}

void Lanes::OnCommitEnded(const ActorId& actor) {
  Lane& lane = At(actor);
  --lane.commits;
  List(actor, lane);
}

void Lanes::OnReadEnded(const ActorId& actor) {
  Lane& lane = At(actor);
  lane.reads = false;
  List(actor, lane);
}

void Lanes::Advance() {
  while (!listed_.empty()) {
    const ActorId actor = std::move(listed_.front());
    listed_.pop_front();
    Lane& lane = *lanes_.at(actor);
    lane.is_listed = false;
    Run(actor, lane);
    if (lane.waiting.empty() && lane.commits == 0 && !lane.reads && !lane.is_listed) lanes_.erase(actor);
  }
}

void Lanes::Run(const ActorId& actor, Lane& lane) {
  while (!lane.waiting.empty() && !lane.reads) {
    Request& next = lane.waiting.front();
    if (auto* const commit = std::get_if<CommitRequest>(&next)) {
      ++lane.commits;
      CommitRequest taken = std::move(*commit);
      lane.waiting.pop_front();
      sink_.Write(std::move(taken));
      continue;
    }
    if (lane.commits > 0) return;
    if (auto* const refused = std::get_if<RefusedRequest>(&next)) {
      RefusedRequest taken = std::move(*refused);
      lane.waiting.pop_front();
      sink_.Refuse(std::move(taken));
      continue;
    }
    ReadGroup group;
    group.actor = actor;
    while (!lane.waiting.empty()) {
      auto* const read = std::get_if<ReadRequest>(&lane.waiting.front());
      if (read == nullptr) break;
      if (!group.requests.empty() && read->done.index() != group.requests.front().done.index()) break;
      group.requests.push_back(std::move(*read));
      lane.waiting.pop_front();
    }
    lane.reads = true;
    sink_.Read(std::move(group));
  }
}

}  // namespace onager::store::postgres
