namespace BlazeGateway.Policies.LoadBalancing.Adaptive;

/// <summary>Why <c>Adaptive</c> picked as it did.</summary>
internal enum PickReason
{
    /// <summary>It is the least cost, or an arm's pick that costs about as little.</summary>
    Cheap,

    /// <summary>Too little was seen to go by anything.</summary>
    Cold,

    /// <summary>Power of two, to compare the model with.</summary>
    HeldOut,

    /// <summary>The model is not trusted, so an arm picked.</summary>
    Untrusted,

    /// <summary>It is dearer, and tried by chance in order to learn.</summary>
    Tried,
}
