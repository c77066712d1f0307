from __future__ import annotations

import json

from trainer.model.explanations import Contribution, Explanation


def test_an_explanation_is_written_as_the_contract_says():
    why = Contribution("word:ash", 1.5, ((0, 3), (8, 11)))
    explanation = Explanation("Ash and ash", "volcanoes", "yes", 0.75, 1.25, 0.5, -0.25, (why,))
    assert json.dumps(explanation.to_dict()) == (
        '{"label": "yes", "score": 0.75, "margin": 1.25, "threshold": 0.5, "intercept": -0.25, '
        '"contributions": [{"feature": "word:ash", "value": 1.5, "spans": [[0, 3], [8, 11]]}]}'
    )
