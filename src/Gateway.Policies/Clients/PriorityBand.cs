namespace BlazeGateway.Policies.Clients;

/// <summary>Priority of a client's requests, highest first: a greater value gives way to a smaller one.</summary>
internal enum PriorityBand : byte
{
    /// <summary>Served first, shed last.</summary>
    Critical,

    /// <summary>What a client is unless it is given another.</summary>
    Standard,

    /// <summary>Served last, shed first.</summary>
    Batch,
}

/// <summary>Bands and their names.</summary>
internal static class PriorityBandNames
{
    /// <summary>Bands there are.</summary>
    public const int Count = 3;

    private static readonly string[] Names = [PriorityBands.Critical, PriorityBands.Standard, PriorityBands.Batch];

    /// <summary>The name of a band.</summary>
    public static string Of(PriorityBand band) => Names[(int)band];

    /// <summary>
    /// The band of a name, in any case; <c>sheddable</c> is what the inference gateway calls <c>batch</c>. False for any other name.
    /// </summary>
    public static bool TryParse(string? name, out PriorityBand band)
    {
        for (band = PriorityBand.Critical; band <= PriorityBand.Batch; band++)
        {
            if (Names[(int)band].Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        band = PriorityBand.Batch;
        return "sheddable".Equals(name, StringComparison.OrdinalIgnoreCase);
    }
}
