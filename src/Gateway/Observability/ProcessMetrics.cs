using BlazeGateway.Profiling.Collection;
using Prometheus;

namespace BlazeGateway.Observability;

/// <summary>The process's own figures, read when they are asked for.</summary>
internal static class ProcessMetrics
{
    public static void Register(CollectorRegistry registry, ProcessSnapshotReader reader)
    {
        var factory = Metrics.WithCustomRegistry(registry);
        var allocated = factory.CreateCounter("blaze_process_allocated_bytes_total", "Bytes allocated on the managed heap since the start.");
        var pause = factory.CreateCounter("blaze_process_gc_pause_seconds_total", "Time all threads stood still for garbage collection.");
        var threads = factory.CreateGauge("blaze_process_threadpool_threads", "Threads of the thread pool.");
        var queue = factory.CreateGauge("blaze_process_threadpool_queue_items", "Work items waiting for a thread of the pool.");
        var files = factory.CreateGauge("blaze_process_open_files", "Open file descriptors.");
        registry.AddBeforeCollectCallback(() =>
        {
            var snapshot = reader.Read();
            allocated.IncTo(snapshot.AllocatedBytes);
            pause.IncTo(snapshot.GcPause.TotalSeconds);
            threads.Set(snapshot.ThreadPoolThreads);
            queue.Set(snapshot.ThreadPoolQueueLength);
            files.Set(snapshot.OpenFiles ?? 0);
        });
    }
}
