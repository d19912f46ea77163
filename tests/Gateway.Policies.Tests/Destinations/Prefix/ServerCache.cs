namespace BlazeGateway.Policies.Tests.Destinations.Prefix;

/// <summary>A model server's prefix cache, exactly: the least recently used block goes first, and of a request the last.</summary>
internal sealed class ServerCache(int blocks)
{
    private readonly Dictionary<ulong, LinkedListNode<ulong>> _byHash = [];
    private readonly LinkedList<ulong> _used = new();

    public int Count => _byHash.Count;

    public int Cached(ReadOnlySpan<ulong> prompt)
    {
        var n = 0;
        while (n < prompt.Length && _byHash.ContainsKey(prompt[n]))
        {
            n++;
        }

        return n;
    }

    public void Use(ReadOnlySpan<ulong> sequence)
    {
        for (var i = sequence.Length - 1; i >= 0; i--)
        {
            if (_byHash.TryGetValue(sequence[i], out var node))
            {
                _used.Remove(node);
                _used.AddLast(node);
            }
            else
            {
                _byHash[sequence[i]] = _used.AddLast(sequence[i]);
            }
        }

        while (_byHash.Count > blocks)
        {
            _byHash.Remove(_used.First!.Value);
            _used.RemoveFirst();
        }
    }

    public void Clear()
    {
        _byHash.Clear();
        _used.Clear();
    }
}
