namespace BlazeGateway.Demo.ModelServer.Batching;

/// <summary>
/// A continuous-batching engine as arithmetic: no clock, no thread. <see cref="Plan"/> settles what the next step computes and how long it takes,
/// <see cref="Complete"/> publishes its tokens. Scheduling follows vLLM: running sequences first, prompts in chunks within a token budget, FIFO admission,
/// the youngest sequence is preempted and computed again when no block is free.
/// </summary>
internal sealed class BatchEngine(EngineOptions options)
{
    private readonly LinkedList<Sequence> _waiting = new();
    private readonly List<Sequence> _running = [];
    private readonly List<Sequence> _emitting = [];
    private readonly BlockCache _blocks = new(options.KvBlocks);

    public EngineOptions Options { get; } = options;

    public int Waiting => _waiting.Count;

    public int Running => _running.Count;

    public double KvUsage => _blocks.Usage;

    public int FreeBlocks => _blocks.Free;

    public EngineTotals Totals { get; private set; } = new();

    public bool HasWork => _waiting.Count + _running.Count > 0;

    /// <summary>Queues a sequence whose arrival time is set.</summary>
    public void Add(Sequence sequence) => _waiting.AddLast(sequence);

    /// <summary>Forgets cached prefixes and counts from 0 again, as after a start. What sequences hold stays theirs.</summary>
    public void Reset()
    {
        _blocks.ForgetUnused();
        Totals = new EngineTotals();
    }

    /// <summary>Decides the next step. Returns its length in nanoseconds; 0 when there is nothing to compute.</summary>
    public long Plan(long now)
    {
        DropCancelled();
        _emitting.Clear();
        var preemptions = Totals.Preemptions;
        var budget = Options.MaxStepTokens;
        var decoding = 0;
        var prefilled = 0;
        for (var i = 0; i < _running.Count && budget > 0; i++)
        {
            var sequence = _running[i];
            var tokens = Math.Min(sequence.Required - sequence.Computed, budget);
            var isDecode = tokens <= 1 && sequence.Emitted > 0;
            if (!Reserve(sequence, sequence.Computed + tokens + 1))
            {
                break;
            }

            budget -= Math.Max(1, Compute(sequence, tokens));
            decoding += isDecode ? 1 : 0;
            prefilled += isDecode ? 0 : tokens;
        }

        prefilled += preemptions == Totals.Preemptions ? Admit(budget, now) : 0;
        Totals.PrefillTokens += prefilled;
        var seconds = (decoding == 0 ? 0 : (1 + (Options.BatchCost * (decoding - 1))) / Options.DecodeRate) + (prefilled / Options.PrefillRate);
        return (long)(seconds * 1e9);
    }

    /// <summary>Ends the planned step at <paramref name="now"/>: its tokens are published, finished sequences leave.</summary>
    public void Complete(long now)
    {
        foreach (var sequence in _emitting)
        {
            if (sequence.IsCancelled || sequence.State != SequenceState.Running)
            {
                continue;
            }

            Totals.Emitting(sequence, now);
            sequence.Emit(now);
            if (sequence.Emitted >= sequence.AnswerTokens)
            {
                Finish(sequence);
            }
        }

        _emitting.Clear();
    }

    private int Compute(Sequence sequence, int tokens)
    {
        sequence.Computed += tokens;
        PublishBlocks(sequence);
        if (!sequence.IsPrefilling)
        {
            _emitting.Add(sequence);
        }

        return tokens;
    }

    private int Admit(int budget, long now)
    {
        var prefilled = 0;
        while (budget > 0 && _running.Count < Options.MaxRunning && _waiting.First?.Value is { } sequence)
        {
            var reusable = Math.Max(0, (sequence.Required - 1) / Options.BlockTokens);
            var cached = _blocks.CountCached(sequence.Prompt.BlockHashes, reusable);
            for (var i = 0; i < cached; i++)
            {
                sequence.Blocks.Add(_blocks.TakeCached(sequence.Prompt.BlockHashes[i]));
            }

            if (BlocksFor(sequence.Required + 1) - cached > _blocks.Free)
            {
                _blocks.Release(sequence.Blocks);
                break;
            }

            _waiting.RemoveFirst();
            sequence.Computed = cached * Options.BlockTokens;
            sequence.HashedBlocks = cached;
            Enter(sequence, cached * Options.BlockTokens, now);
            var tokens = Math.Min(sequence.Required - sequence.Computed, budget);
            Reserve(sequence, sequence.Required + 1);
            prefilled += Compute(sequence, tokens);
            budget -= tokens;
        }

        return prefilled;
    }

    private void Enter(Sequence sequence, int cachedTokens, long now)
    {
        _running.Add(sequence);
        Totals.PrefixQueries += sequence.Prompt.Tokens;
        Totals.PrefixHits += cachedTokens;
        if (sequence.Times.Admitted == 0)
        {
            sequence.Times.Admitted = now;
            sequence.CachedTokens = cachedTokens;
            Totals.Admitted(sequence);
        }

        sequence.Enter(SequenceState.Running);
    }

    /// <summary>Holds blocks for <paramref name="tokens"/> tokens; preempts younger sequences, at last this one (then false), when none is free.</summary>
    private bool Reserve(Sequence sequence, int tokens)
    {
        var needed = BlocksFor(Math.Min(tokens, sequence.Prompt.Tokens + sequence.AnswerTokens));
        while (sequence.Blocks.Count < needed)
        {
            if (_blocks.TryTake(out var index))
            {
                sequence.Blocks.Add(index);
                continue;
            }

            var victim = _running[^1];
            Preempt(victim);
            if (ReferenceEquals(victim, sequence))
            {
                return false;
            }
        }

        return true;
    }

    private void Preempt(Sequence victim)
    {
        _running.RemoveAt(_running.Count - 1);
        _emitting.Remove(victim);
        _blocks.Release(victim.Blocks);
        victim.Computed = 0;
        victim.HashedBlocks = 0;
        victim.Preemptions++;
        Totals.Preemptions++;
        victim.Enter(SequenceState.Waiting);
        _waiting.AddFirst(victim);
    }

    private void PublishBlocks(Sequence sequence)
    {
        var hashes = sequence.Prompt.BlockHashes;
        var full = Math.Min(Math.Min(sequence.Computed / Options.BlockTokens, hashes.Length), sequence.Blocks.Count);
        for (; sequence.HashedBlocks < full; sequence.HashedBlocks++)
        {
            _blocks.Publish(sequence.Blocks[sequence.HashedBlocks], hashes[sequence.HashedBlocks]);
        }
    }

    private void Finish(Sequence sequence)
    {
        _running.Remove(sequence);
        _blocks.Release(sequence.Blocks);
        Totals.Finished(sequence);
        sequence.Enter(SequenceState.Finished);
    }

    private void DropCancelled()
    {
        for (var i = _running.Count - 1; i >= 0; i--)
        {
            if (_running[i].IsCancelled)
            {
                var sequence = _running[i];
                _running.RemoveAt(i);
                Drop(sequence);
            }
        }

        for (var node = _waiting.First; node is not null;)
        {
            var next = node.Next;
            if (node.Value.IsCancelled)
            {
                _waiting.Remove(node);
                Drop(node.Value);
            }

            node = next;
        }
    }

    private void Drop(Sequence sequence)
    {
        _blocks.Release(sequence.Blocks);
        Totals.Dropped(sequence);
        sequence.Enter(SequenceState.Cancelled);
    }

    private int BlocksFor(int tokens) => (tokens + Options.BlockTokens - 1) / Options.BlockTokens;
}
