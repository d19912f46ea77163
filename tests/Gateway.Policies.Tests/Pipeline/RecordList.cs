using System.Collections.Concurrent;
using BlazeGateway.Policies.Pipeline;

namespace BlazeGateway.Policies.Tests.Pipeline;

/// <summary>An access log that keeps what is written to it.</summary>
internal sealed class RecordList : IAccessLog
{
    private readonly ConcurrentQueue<AccessRecord> _records = new();

    public int Count => _records.Count;

    public AccessRecord Last => _records.Last();

    public void Write(in AccessRecord record) => _records.Enqueue(record);
}
