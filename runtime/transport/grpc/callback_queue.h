#ifndef ONAGER_RUNTIME_TRANSPORT_GRPC_CALLBACK_QUEUE_H_
#define ONAGER_RUNTIME_TRANSPORT_GRPC_CALLBACK_QUEUE_H_

namespace onager::transport {

/// Keeps the threads on which gRPC 1.51 calls back, and their queue, for the rest of the process's life.
///
/// Otherwise they belong to the channels and servers together, and whoever releases the last of these
/// joins them under a global lock: a channel that is released inside a callback joins its own thread and
/// frees the queue under it (seen as a double free), and a callback that makes a new channel meanwhile
/// waits for that lock for ever. Thread-safe; to be called before a channel or a server is made.
void KeepCallbackQueue();

}  // namespace onager::transport

#endif  // ONAGER_RUNTIME_TRANSPORT_GRPC_CALLBACK_QUEUE_H_
