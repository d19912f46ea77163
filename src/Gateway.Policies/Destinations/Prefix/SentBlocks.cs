namespace BlazeGateway.Policies.Destinations.Prefix;

/// <summary>The blocks that were sent to a destination, from the first prompt on: table, clock and estimate, and the stamp before which all is thought given up.</summary>
internal sealed class SentBlocks
{
    private readonly RecencyClock _clock;
    private readonly PrefixTable _table = new();
    private long _edge;
    private long _keep;

    /// <param name="size">Blocks the cache is thought to have.</param>
    /// <param name="room">Blocks to remember.</param>
    public SentBlocks(int size, int room)
    {
        (_clock, Estimate) = (new RecencyClock(size, room), new CacheEstimate(size));
        Renew();
    }

    /// <summary>What answers said.</summary>
    public CacheEstimate Estimate { get; }

    /// <summary>Blocks stamped before are thought given up.</summary>
    public long Edge => Volatile.Read(ref _edge);

    /// <summary>Bytes of the table and the clock.</summary>
    public long Bytes => _table.Bytes + _clock.Bytes;

    /// <summary>Blocks remembered.</summary>
    public int Count() => _table.Count();

    /// <summary>Drops the oldest above <paramref name="room"/>.</summary>
    public void Fit(int room) => _table.Fit(room, _clock.Now);

    /// <summary>Leading blocks stamped at <paramref name="edge"/> or later. Those before a block are not older than it, so halves of the chain are asked.</summary>
    /// <param name="chain">The prompt.</param>
    /// <param name="edge">The oldest stamp that counts.</param>
    /// <param name="guess">An answer to try first; two looks are enough when it is right.</param>
    public int Match(ReadOnlySpan<ulong> chain, long edge, int guess = int.MaxValue)
    {
        if (!_table.Has(chain[0], edge))
        {
            return 0;
        }

        guess = Math.Clamp(guess, 1, chain.Length);
        var (there, missing) = (1, chain.Length);
        if (guess == 1 || _table.Has(chain[guess - 1], edge))
        {
            there = guess;
            if (guess < chain.Length && !_table.Has(chain[guess], edge))
            {
                return guess;
            }
        }
        else
        {
            missing = guess - 1;
        }

        while (there < missing)
        {
            var middle = (there + missing) / 2;
            if (_table.Has(chain[middle], edge))
            {
                there = middle + 1;
            }
            else
            {
                missing = middle;
            }
        }

        return there;
    }

    /// <summary>Stamps a prompt's blocks and says what was expected of them before.</summary>
    public PrefixForecast Send(ReadOnlySpan<ulong> chain, int room)
    {
        var now = _clock.Now;
        var reading = new Reading { Edge = Edge, Floor = Estimate.Floor, Tick = -1, IsOpen = true };
        reading.Forecast.Clock = now;
        reading.Forecast.DoneRank = _clock.Rank(Estimate.Done);

        // What many prompts begin with was stamped a moment ago and stays so: nothing is written where all threads read.
        var fresh = Match(chain, Math.Max(reading.Edge, _clock.TickOf(now)));
        reading.Forecast.Start(fresh, now);
        var count = chain.Length - fresh;
        var first = _clock.Advance(count, out var turned);
        for (var i = fresh; i < chain.Length; i++)
        {
            // The end of a prompt is given up before its beginning, as if it had been sent first.
            var stamp = first + (chain.Length - 1 - i);
            if (_table.TryStamp(chain[i], stamp, out var before))
            {
                Read(ref reading, i, before < 0 ? now : _clock.Expand(before, now));
            }
            else
            {
                _table.Add(chain[i], stamp, Volatile.Read(ref _keep), room);
                reading.IsOpen = false;
            }
        }

        _clock.Remove(reading.Tick, reading.InTick);
        _clock.Add(first, count);
        if (turned)
        {
            _table.Sweep(_clock.Oldest);
        }

        Renew();
        return reading.Forecast;
    }

    /// <summary>Takes what an answer says.</summary>
    public void Answered(in PrefixForecast forecast, int promptTokens, long promptBytes, int cachedTokens)
    {
        if (Estimate.Learn(forecast, promptTokens, promptBytes, cachedTokens, _clock.Tick))
        {
            Renew();
        }
    }

    /// <summary>Nothing sent until now is there any more.</summary>
    public void Restarted()
    {
        Estimate.Restarted(_clock.Now);
        Renew();
    }

    // One block of a prompt that was sent before.
    private void Read(ref Reading reading, int block, long before)
    {
        if (_clock.TickOf(before) is var tick && tick != reading.Tick)
        {
            _clock.Remove(reading.Tick, reading.InTick);
            (reading.Tick, reading.Removed, reading.InTick) = (tick, reading.Removed + reading.InTick, 0);
        }

        if (reading.IsOpen)
        {
            ref var forecast = ref reading.Forecast;
            forecast.Expected += forecast.Expected == block && before >= reading.Edge ? 1 : 0;
            if (before < reading.Floor)
            {
                reading.IsOpen = false;
            }
            else if (Math.Abs(reading.Next - before) < _clock.Tick / 2)
            {
                forecast.Extend();
            }
            else
            {
                // Those before it in the prompt are sent after it, also the ones that are counted no more.
                reading.IsOpen = forecast.TryBegin((int)Math.Min(int.MaxValue, (long)_clock.Rank(before) + reading.Removed), before);
            }
        }

        reading.Next = before - 1;
        reading.InTick++;
    }

    private void Renew()
    {
        var size = (long)Estimate.Size;
        var (edge, keep) = _clock.Find(size, 2 * size);
        Volatile.Write(ref _keep, Math.Max(keep, Estimate.Floor));
        Volatile.Write(ref _edge, Math.Max(edge, Estimate.Floor));
    }

    private ref struct Reading
    {
        public PrefixForecast Forecast;
        public long Edge;
        public long Floor;

        // Blocks in a row that had been sent in one tick are taken out of it at once.
        public long Tick;
        public int InTick;
        public int Removed;

        // The stamp the next block has if it was sent together with this one.
        public long Next;

        // Whether every block so far is known.
        public bool IsOpen;
    }
}
