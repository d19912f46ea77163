using System.Runtime.InteropServices;
using BlazeGateway.Policies.Destinations;

namespace BlazeGateway.Policies.LoadBalancing.Selection;

/// <summary>
/// What a LoRA adapter, or a model of a server that keeps several, costs where it is not loaded: when some of the candidates report that they have the model asked
/// for, a request is dearer on the others. Where none has it, or none says, all are alike. llm-d's LoRA scorer prefers in the same order.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly ref struct LoadingCost
{
    /// <summary>Prompts of usual length that loading an adapter counts for: so much busier may one be that has it before another is asked to load it.</summary>
    public const double OfAdapter = 2;

    /// <summary>The same of a whole model, which takes seconds and may push another one out.</summary>
    public const double OfModel = 20;

    private readonly ulong _model;
    private readonly TimeSpan _now;
    private readonly double _prompts;

    /// <param name="model">A <see cref="ModelKey"/>, 0 for none.</param>
    /// <param name="places">Candidates that are compared.</param>
    /// <param name="loads">All candidates.</param>
    /// <param name="now">Time since the moment reports go by.</param>
    public LoadingCost(ulong model, ReadOnlySpan<int> places, ReadOnlySpan<DestinationLoad> loads, TimeSpan now)
    {
        (_model, _now) = (model, now);
        for (var i = 0; i < places.Length && model != 0 && _prompts == 0; i++)
        {
            if (loads[places[i]].Reported is { } report && report.Has(model, now))
            {
                _prompts = report.Facts.ResidentModels.IsEmpty ? OfAdapter : OfModel;
            }
        }
    }

    /// <summary>Prompts of usual length that it counts for on <paramref name="destination"/>; 0 where the model is loaded, or nowhere.</summary>
    public double On(DestinationLoad destination) => _prompts > 0 && destination.Reported?.Has(_model, _now) != true ? _prompts : 0;
}
