namespace BlazeGateway.Demo.ModelServer.Batching;

/// <summary>
/// The engine's key-value blocks. A full block is found again by its chained hash until it is needed for something else: unused hashed blocks are
/// given away least recently used first (vLLM's automatic prefix caching).
/// </summary>
internal sealed class BlockCache
{
    private readonly Block[] _blocks;
    private readonly Dictionary<ulong, int> _byHash = [];
    private readonly LinkedList<int> _unused = new();

    public BlockCache(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        _blocks = new Block[count];
        for (var i = 0; i < count; i++)
        {
            _blocks[i] = new Block(new LinkedListNode<int>(i));
            _unused.AddLast(_blocks[i].Node);
        }
    }

    public int Count => _blocks.Length;

    /// <summary>Blocks no sequence holds, cached content or not.</summary>
    public int Free => _unused.Count;

    /// <summary>Share of the blocks that sequences hold, 0 to 1.</summary>
    public double Usage => (double)(Count - Free) / Count;

    /// <summary>How many leading blocks of <paramref name="hashes"/> are cached, at most <paramref name="most"/>.</summary>
    public int CountCached(ReadOnlySpan<ulong> hashes, int most)
    {
        var n = 0;
        while (n < hashes.Length && n < most && _byHash.ContainsKey(hashes[n]))
        {
            n++;
        }

        return n;
    }

    /// <summary>Takes the cached block with this hash.</summary>
    public int TakeCached(ulong hash)
    {
        var index = _byHash[hash];
        var block = _blocks[index];
        if (block.Holders++ == 0)
        {
            _unused.Remove(block.Node);
        }

        return index;
    }

    /// <summary>Takes an empty block; false when none is unused.</summary>
    public bool TryTake(out int index)
    {
        if (_unused.First is not { } node)
        {
            index = -1;
            return false;
        }

        index = node.Value;
        _unused.Remove(node);
        var block = _blocks[index];
        Forget(block, index);
        block.Holders = 1;
        return true;
    }

    /// <summary>Makes a full block findable. A hash another block already has stays with that one.</summary>
    public void Publish(int index, ulong hash)
    {
        if (_byHash.TryAdd(hash, index))
        {
            Forget(_blocks[index], index);
            _blocks[index].Hash = hash;
        }
    }

    /// <summary>Gives blocks back, the last first, so that the start of a prefix outlives its end.</summary>
    public void Release(List<int> blocks)
    {
        for (var i = blocks.Count - 1; i >= 0; i--)
        {
            var block = _blocks[blocks[i]];
            if (--block.Holders > 0)
            {
                continue;
            }

            if (block.Hash is null)
            {
                _unused.AddFirst(block.Node);
            }
            else
            {
                _unused.AddLast(block.Node);
            }
        }

        blocks.Clear();
    }

    /// <summary>Empties the blocks no sequence holds.</summary>
    public void ForgetUnused()
    {
        foreach (var index in _unused)
        {
            Forget(_blocks[index], index);
        }
    }

    private void Forget(Block block, int index)
    {
        if (block.Hash is { } hash && _byHash.TryGetValue(hash, out var owner) && owner == index)
        {
            _byHash.Remove(hash);
        }

        block.Hash = null;
    }

    private sealed class Block(LinkedListNode<int> node)
    {
        public LinkedListNode<int> Node { get; } = node;

        public int Holders { get; set; }

        public ulong? Hash { get; set; }
    }
}
